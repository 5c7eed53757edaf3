export { type Broker, type BrokerComponents, composeBroker } from './compose.ts'
export type { Identity } from './identity.ts'
export { type BrokerFlags, type BrokerHost, runBroker } from './run.ts'
export { type LoadedSettings, loadSettings, type SettingInputs, type SettingSource } from './settings/load.ts'
export { addBrokerOptions, readBrokerFlags } from './settings/options.ts'
export {
  type BrokerSettings,
  flagOf,
  type Setting,
  type SettingKey,
  settingKeys,
  settingTable,
  variableOf,
} from './settings/table.ts'
export { software } from './software.ts'
