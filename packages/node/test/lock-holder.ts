import { NodeDisk } from '../src/index.ts'

// A process that takes the lock, says so, and stays.
const disk = await NodeDisk.open({ root: process.argv[2] as string })
await disk.lock('lock')
process.send?.('locked')
setInterval(() => {}, 1000)
