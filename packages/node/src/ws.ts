export { WsNetwork, type WsNetworkSettings } from './ws-network.ts'
