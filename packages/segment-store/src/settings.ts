import { EastGuardError } from '@eastguard/kernel'

export interface StoreSettings {
  /** 16 random bytes, the broker's: a journal file of another store is refused. */
  readonly storeId: Uint8Array
  /**
   * Whether an earlier `open` of this directory has ever resolved. Say `true` as soon as you know it: a directory whose
   * journal is missing is then refused with EG_DATA_DIR_DAMAGED. Default false: no journal means a new store, and what a
   * lost one held is forgotten, its offsets are given out again.
   */
  readonly existing: boolean
  /**
   * Bytes of one journal file, a multiple of 4,096. Default 64 MiB. Smaller: more renames and directory syncs, and a
   * smaller largest batch; larger: a longer recovery.
   */
  readonly journalFileBytes: number
  /** Journal files in use beyond which appends wait for segment files. Default 8: at most 8 × `journalFileBytes`. */
  readonly journalFilesMax: number
  /** Bytes of one group (one write, one sync). Default 1 MiB. Larger groups stall those who wait behind them. */
  readonly groupBytesMax: number
  /**
   * Bytes of batches in memory: cached, not yet in a segment file, and waiting for room. Default 256 MiB. Half may be
   * unflushed before appends wait, an eighth may wait before they get EG_OVERLOADED, the cache has what is left.
   */
  readonly memoryBytesMax: number
  /** Unflushed bytes at which a segment is written to its file. Default 16 MiB. Smaller: more fsyncs beside the journal's. */
  readonly flushBytes: number
  /** Segment files kept open for reading. Default 256. */
  readonly openFilesMax: number
  /** Least time between two looks at the disk's space, and between two tries on a full disk, in ms. Default 1,000. */
  readonly diskPollMs: number
  /** Used share of the disk, percent, above which it is mentioned. Default 85. */
  readonly diskWarnPercent: number
  /** … above which nothing new should be placed here. Default 92. */
  readonly diskNoPlacementPercent: number
  /** … above which appends are refused with EG_DISK_FULL. Default 97. */
  readonly diskRefusePercent: number
}

const mebibyte = 1024 * 1024

export const defaultStoreSettings: Omit<StoreSettings, 'storeId'> = {
  existing: false,
  journalFileBytes: 64 * mebibyte,
  journalFilesMax: 8,
  groupBytesMax: mebibyte,
  memoryBytesMax: 256 * mebibyte,
  flushBytes: 16 * mebibyte,
  openFilesMax: 256,
  diskPollMs: 1_000,
  diskWarnPercent: 85,
  diskNoPlacementPercent: 92,
  diskRefusePercent: 97,
}

/** @throws EG_SETTING_INVALID (fix-call) that names the setting and its limit */
export function checkSettings(settings: StoreSettings): void {
  const check = (ok: boolean, name: keyof StoreSettings, rule: string): void => {
    if (ok) return
    const value = settings[name]
    const said = value instanceof Uint8Array ? `${value.length} bytes` : String(value)
    throw new EastGuardError({
      code: 'EG_SETTING_INVALID',
      remedy: 'fix-call',
      message: `${name} ${rule}, not ${said}`,
      facts: { setting: name },
    })
  }
  const atLeast = (name: Exclude<keyof StoreSettings, 'storeId' | 'existing'>, least: number): void =>
    check(Number.isSafeInteger(settings[name]) && settings[name] >= least, name, `is an integer from ${least}`)
  check(settings.storeId.length === 16, 'storeId', 'has 16 bytes')
  atLeast('journalFileBytes', 12_288)
  check(settings.journalFileBytes % 4096 === 0, 'journalFileBytes', 'is a multiple of 4096')
  check(settings.journalFileBytes <= 1024 * mebibyte, 'journalFileBytes', 'is at most 1 GiB')
  atLeast('journalFilesMax', 3)
  atLeast('groupBytesMax', 4096)
  atLeast('memoryBytesMax', 65_536)
  atLeast('flushBytes', 1)
  atLeast('openFilesMax', 1)
  atLeast('diskPollMs', 1)
  const { diskWarnPercent: warn, diskNoPlacementPercent: noPlacement, diskRefusePercent: refuse } = settings
  check(warn > 0 && warn <= 100, 'diskWarnPercent', 'is above 0 and at most 100')
  check(noPlacement >= warn && noPlacement <= 100, 'diskNoPlacementPercent', 'is from diskWarnPercent to 100')
  check(refuse >= noPlacement && refuse <= 100, 'diskRefusePercent', 'is from diskNoPlacementPercent to 100')
}
