/** Processing time, injectable so that tests need no sleeps. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() }
