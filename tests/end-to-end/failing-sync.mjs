// Loaded before the program: every sync of file data fails with EIO as soon as the file FAIL_SYNC_WHEN exists.
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'

const handle = await open(process.execPath, 'r')
const prototype = Object.getPrototypeOf(handle)
await handle.close()

const { datasync } = prototype
prototype.datasync = function (...input) {
  if (existsSync(process.env.FAIL_SYNC_WHEN ?? '')) {
    return Promise.reject(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' }))
  }
  return Reflect.apply(datasync, this, input)
}
