/** Hashing of the kernels' tables. */

export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** Slots for a number of keys: a power of two, half of them filled at the most. */
export function slotsFor(keys: number): number {
  return 2 ** Math.ceil(Math.log2(2 * keys))
}
