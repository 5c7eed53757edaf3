/**
 * At most `countMax` at once. When one fails, no more are begun, and those under way end before the error is thrown.
 * @returns the results in the order of the items
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  countMax: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = new Array(items.length)
  const queue = items.entries()
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (failure !== undefined) return
      try {
        results[i] = await work(item)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(countMax, items.length) }, worker))
  if (failure !== undefined) throw failure.error
  return results
}
