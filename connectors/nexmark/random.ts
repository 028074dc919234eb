/**
 * Random numbers by position: draw `salt` of event `id` is a hash of both and of the seed. So every field of every event
 * is the same whether or not the others are made, in whatever order and on however many machines.
 */

/** MurmurHash3's 32-bit finalizer: every bit of the input changes half of the output. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** @param id whole number from 0 to 2^53 */
export function eventHash(seed: number, id: number): number {
  const high = Math.floor(id / 4294967296)
  return mix(mix((id | 0) ^ mix(high + 0x9e3779b9)) ^ seed)
}

/** A number from 0 up to, but not including, 1. */
function unit(hash: number, salt: number): number {
  return (mix(hash + Math.imul(salt, 0x9e3779b9)) >>> 0) / 4294967296
}

/** A whole number from 0 to `bound` - 1, as Java's `nextInt(bound)`. */
export function below(hash: number, salt: number, bound: number): number {
  return Math.floor(unit(hash, salt) * bound)
}

/** A price in cents: 1 to 10^6 dollars, spread evenly over its logarithm. */
export function price(hash: number, salt: number): number {
  return Math.round(10 ** (unit(hash, salt) * 6) * 100)
}
