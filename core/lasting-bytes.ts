/**
 * Buffers of bytes that nobody changes and that stay in memory anyway: dictionaries, the texts of an operator's state.
 * Who remembers texts may point into them instead of copying them, as long as they have not ended.
 */

import { invariant } from './errors.ts'

interface Lasting {
  ended: boolean
}

const lasting = new WeakMap<ArrayBufferLike, Lasting>()

/** @param data all of its buffer, or its beginning. @returns the same */
export function lastingBytes(data: Uint8Array): Uint8Array {
  invariant(data.byteOffset === 0, 'lasting bytes have a buffer of their own')
  lasting.set(data.buffer, { ended: false })
  return data
}

export function areLasting(data: Uint8Array): boolean {
  return lasting.get(data.buffer)?.ended === false
}

/** Their owner no longer needs them: who points into them should copy what it still wants. */
export function endLasting(data: Uint8Array): void {
  const entry = lasting.get(data.buffer)
  if (entry !== undefined) entry.ended = true
}
