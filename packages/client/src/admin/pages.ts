/** Items of a paged list, page after page as they are asked for; one call at a time. */
export class Pages<Item> implements AsyncIterable<Item> {
  readonly #page: (after: string | undefined) => Promise<Page<Item>>

  constructor(page: (after: string | undefined) => Promise<Page<Item>>) {
    this.#page = page
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page
  }

  async *pages(): AsyncGenerator<readonly Item[], void, undefined> {
    for (let after: string | undefined; ; ) {
      const { items, next } = await this.#page(after)
      yield items
      if (next === undefined) return
      after = next
    }
  }

  async toArray(): Promise<Item[]> {
    const all: Item[] = []
    for await (const page of this.pages()) all.push(...page)
    return all
  }
}

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the page after it starts; undefined after the last. */
  readonly next: string | undefined
}
