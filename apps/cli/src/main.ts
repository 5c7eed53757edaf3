import { endProcess, NodeClock, processTerminal } from '@eastguard/node'
import { runCli } from './run.ts'

const exitCode = await runCli({ ...processTerminal(), clock: new NodeClock() })
endProcess(exitCode)
