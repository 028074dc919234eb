/** Who takes part: one of the people that are active by now, or of the next few who will register. */
import { below } from './random.ts'

const ACTIVE = 1000
const AHEAD = 10

/** @param newest number, from 0, of the newest person */
export function activePerson(newest: number, hash: number, salt: number): number {
  const active = Math.min(newest + 1, ACTIVE)
  return newest + 1 - active + below(hash, salt, active + AHEAD)
}
