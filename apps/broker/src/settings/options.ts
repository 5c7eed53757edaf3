import { type Command, Option } from 'commander'
import type { BrokerFlags } from '../run.ts'
import { flagOf, type SettingKey, settingKeys, settingTable, variableOf } from './table.ts'

/** Every setting as an option of a command, from the one table. */
export function addBrokerOptions(command: Command): Command {
  command.addOption(new Option('--config <file>', 'YAML file with settings (or EASTGUARD_CONFIG).'))
  command.addOption(new Option('--check-config', 'Print every setting with its source, check them, and end.'))
  for (const key of settingKeys) command.addOption(optionOf(key))
  return command
}

/** What the user said, and nothing else: defaults are the settings' own. */
export function readBrokerFlags(command: Command): BrokerFlags {
  const { config, checkConfig, ...settings } = command.opts<{ config?: string; checkConfig?: boolean }>()
  return { config, checkConfig, settings }
}

function optionOf(key: SettingKey): Option {
  const { placeholder } = settingTable[key]
  const flags = placeholder === '' ? flagOf(key) : `${flagOf(key)} <${placeholder}>`
  return new Option(flags, `${settingTable[key].help}${defaultOf(key)} [${variableOf(key)}]`)
}

function defaultOf<Key extends SettingKey>(key: Key): string {
  const row = settingTable[key]
  const text = row.default === undefined ? '' : row.print(row.default)
  return text === '' || text === 'false' ? '' : ` Default ${text}.`
}
