import { readFile } from 'node:fs/promises'
import { isEastGuardError } from '@eastguard/kernel'
import { onStopSignal } from '@eastguard/node'
import { Command } from 'commander'
import { runBroker } from './run.ts'
import { addBrokerOptions, readBrokerFlags } from './settings/options.ts'

// `eastguard-broker`: a broker in the foreground, for those who want no more than that. `eastguard start` is the same.

const program = addBrokerOptions(
  new Command('eastguard-broker').description('Runs one EastGuard broker in the foreground.'),
)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(async () => {
    process.exitCode = await runBroker(readBrokerFlags(program), {
      environment: process.env,
      readText: (path) => readFile(path, 'utf8'),
      print: (line) => void process.stdout.write(`${line}\n`),
      complain: (error) => {
        const text = isEastGuardError(error) ? `${error.message} (${error.code})` : String(error)
        process.stderr.write(`eastguard-broker: ${text}\n`)
      },
      onStop: (stop) => onStopSignal(stop),
    })
    // Nothing may hold the process: a broker that failed has writes and timers that will never end.
    process.exit()
  })

await program.parseAsync()
