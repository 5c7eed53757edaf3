import { decodeControlBody, encodeControlBody } from '../control-body.ts'

// 0x0001 Hello, client → broker, the first frame of a connection, stream 0: map
//
//   versions   list of u16, 1 to 16 of them   protocol versions that the client speaks
//   clientId   string ≤ 200                   for logs and metrics; default empty
//   software   string ≤ 200                   name and version; default empty
//   clusterId  hex 32, optional               refused with EG_WRONG_CLUSTER when the broker's is another
//   features   list of ≤ 64 strings ≤ 64      default empty

export interface Hello {
  readonly versions: readonly number[]
  readonly clientId: string
  readonly software: string
  readonly clusterId?: string | undefined
  readonly features: readonly string[]
}

export function encodeHello(message: Hello): Uint8Array {
  const { versions, clientId, software, clusterId, features } = message
  return encodeControlBody({ versions, clientId, software, clusterId, features })
}

/** @throws EG_MALFORMED (fix-call) */
export function decodeHello(body: Uint8Array): Hello {
  const fields = decodeControlBody(body, 'Hello')
  const versions = fields.uints('versions', 16, 0xffff)
  if (versions.length === 0) throw fields.wrong('versions', 'a list of at least one version')
  return {
    versions,
    clientId: fields.optionalString('clientId', 200) ?? '',
    software: fields.optionalString('software', 200) ?? '',
    clusterId: fields.has('clusterId') ? fields.hex('clusterId', 32) : undefined,
    features: fields.strings('features', 64, 64),
  }
}
