import type { ReplicaList } from './rows.ts'

const sharedCountMax = 1_024

/**
 * Gives equal replica lists one object: a million segments of one cluster sit on few different sets of seats.
 * A cache only; when it is full it starts again.
 */
export class ReplicaLists {
  readonly #lists = new Map<string, ReplicaList>()

  share(list: ReplicaList): ReplicaList {
    const key = list.map((seat) => `${seat.brokerId}:${seat.bootId}:${seat.confirmed}`).join()
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    if (this.#lists.size === sharedCountMax) this.#lists.clear()
    this.#lists.set(key, list)
    return list
  }
}
