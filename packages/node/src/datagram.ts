import { createSocket, type RemoteInfo } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Address, DatagramSocket } from '@eastguard/kernel'
import { asAddressError } from './address-error.ts'
import { plainBytes } from './plain-bytes.ts'

/** What a gossip burst needs; the system may grant less. */
const receiveBufferBytes = 4 * 1024 * 1024

/** A UDP socket. @throws EG_ADDRESS_IN_USE, EG_ADDRESS_UNAVAILABLE (fix-call) */
export async function bindDatagram(
  at: Address,
  receive: (bytes: Uint8Array, from: Address) => void,
): Promise<DatagramSocket> {
  const socket = createSocket({ type: isIPv6(at.host) ? 'udp6' : 'udp4' })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(asAddressError(at, error)))
    socket.bind({ address: at.host, port: at.port, exclusive: true }, resolve)
  })
  socket.removeAllListeners('error')
  socket.on('error', () => {}) // best effort: a datagram that could not leave is a lost datagram
  socket.setRecvBufferSize(receiveBufferBytes)
  socket.on('message', (bytes: Buffer, from: RemoteInfo) =>
    receive(plainBytes(bytes), { host: from.address, port: from.port }),
  )
  const { address, port } = socket.address()
  let closed: Promise<void> | undefined
  return {
    address: { host: address, port },
    send: (bytes, to) => {
      if (closed === undefined) socket.send(bytes.slice(), to.port, to.host, () => {})
    },
    [Symbol.asyncDispose]: () => {
      closed ??= new Promise((resolve) => socket.close(resolve))
      return closed
    },
  }
}
