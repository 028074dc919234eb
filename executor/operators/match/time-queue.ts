/** Keys by the time at which something is due for them; of the same time in the order in which they were added. */
export class TimeQueue<Key> {
  readonly #entries: { readonly time: number; readonly order: number; readonly key: Key }[] = []
  #added = 0

  add(time: number, key: Key): void {
    const entry = { time, order: this.#added++, key }
    const entries = this.#entries
    let at = entries.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = entries[parent]
      if (above === undefined || isBefore(above, entry)) break
      entries[at] = above
      at = parent
    }
    entries[at] = entry
  }

  /** Takes the first one that is due at a time; undefined: none is. */
  take(until: number): Key | undefined {
    const entries = this.#entries
    const [first] = entries
    if (first === undefined || first.time > until) return undefined
    const last = entries.pop()
    if (last !== undefined && entries.length > 0) this.#sink(last)
    return first.key
  }

  #sink(entry: { readonly time: number; readonly order: number; readonly key: Key }): void {
    const entries = this.#entries
    let at = 0
    for (;;) {
      const left = entries[2 * at + 1]
      const right = entries[2 * at + 2]
      if (left === undefined) break
      const down = right !== undefined && isBefore(right, left) ? right : left
      if (isBefore(entry, down)) break
      entries[at] = down
      at = down === left ? 2 * at + 1 : 2 * at + 2
    }
    entries[at] = entry
  }
}

interface Due {
  readonly time: number
  readonly order: number
}

function isBefore(a: Due, b: Due): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
