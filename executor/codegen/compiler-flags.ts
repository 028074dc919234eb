/** Flags of V8 for loops over 64-bit integers. */
import { setFlagsFromString } from 'node:v8'

let done = false

/**
 * Its middle compiler, Maglev, makes a BigInt of each element that it reads of a BigInt64Array, which takes ten times as
 * long as the machine integer of the last compiler, TurboFan. Loops get to TurboFan soon; but those in a function that
 * Maglev has inlined stay in Maglev until the calling function has been called some thousand times, which is once a
 * batch. So Maglev inlines nothing; TurboFan goes on doing so. Only where the flag is known, in Node.js 24 (V8 13.6).
 */
export function keepLoopsApart(): void {
  if (done || !process.versions.node.startsWith('24.')) return
  done = true
  setFlagsFromString('--no-maglev-inlining')
}
