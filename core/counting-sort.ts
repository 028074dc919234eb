/**
 * Positions in the order of their buckets, those of a bucket in their own order.
 *
 * @param buckets of the first `count` positions; a position whose bucket is negative is left out
 * @param order receives the positions
 * @param starts one longer than there are buckets; receives where each begins in `order`, and where the last one ends
 */
export function sortByBucket(buckets: Int32Array, count: number, order: Int32Array, starts: Int32Array): void {
  starts.fill(0)
  for (let at = 0; at < count; at++) {
    const next = ((buckets[at] as number) + 1) | 0
    if (next > 0) starts[next] = (starts[next] as number) + 1
  }
  for (let n = 1; n < starts.length; n++) starts[n] = (starts[n] as number) + (starts[n - 1] as number)
  const places = starts.slice()
  for (let at = 0; at < count; at++) {
    const bucket = buckets[at] as number
    if (bucket < 0) continue
    const place = places[bucket] as number
    order[place] = at
    places[bucket] = place + 1
  }
}
