export { LmdbGroupStorage, type LmdbSettings } from './lmdb-group-storage.ts'
