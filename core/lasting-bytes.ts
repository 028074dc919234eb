/**
 * Buffers of bytes that nobody changes and that stay in memory anyway: dictionaries, the texts of an operator's state.
 * Who remembers texts may point into them instead of copying them, as long as they have not ended.
 *
 * Some of them are constant: all there before the first value points into them, and never ended. Several workers may
 * have the same ones, each in its own memory, so that what goes from one to another names them instead of the values.
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

/** Of this thread; those that nobody uses any more are gone. */
const constants = new Set<WeakRef<ArrayBufferLike>>()
const isConstantBuffer = new WeakSet<ArrayBufferLike>()

/**
 * A source that takes texts from a list calls this once for the list.
 *
 * @param data all of its buffer, not to be changed from now on
 * @returns lasting bytes with the same contents: those that are known already, so that rows of several origins point
 * into the same ones
 */
export function constantBytes(data: Uint8Array): Uint8Array {
  invariant(
    data.byteLength > 0 && data.byteLength === data.buffer.byteLength,
    'constant bytes have a buffer of their own',
  )
  const known = knownConstant(data)
  if (known !== undefined) return known
  constants.add(new WeakRef(data.buffer))
  isConstantBuffer.add(data.buffer)
  return lastingBytes(data)
}

/** @param data all of the buffer, or another view of it, which is not constant */
export function areConstant(data: Uint8Array): boolean {
  return isConstantBuffer.has(data.buffer) && data.byteLength === data.buffer.byteLength
}

function knownConstant(data: Uint8Array): Uint8Array | undefined {
  for (const reference of constants) {
    const buffer = reference.deref()
    if (buffer === undefined) constants.delete(reference)
    else if (buffer.byteLength === data.byteLength) {
      const bytes = new Uint8Array(buffer)
      if (Buffer.compare(bytes, data) === 0) return bytes
    }
  }
  return undefined
}
