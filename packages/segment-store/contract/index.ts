export { type ContractCase, type StoreSubject, segmentStoreCases } from './segment-store.ts'
