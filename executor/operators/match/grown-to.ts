/** @returns the array, or a copy with room for so many elements */
export function grownTo(values: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= values.length) return values
  const more = new Int32Array(Math.max(length, 2 * values.length))
  more.set(values)
  return more
}
