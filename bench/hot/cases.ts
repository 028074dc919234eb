/** All hot paths, in the order of a row's way through a job. */
import type { HotCase } from './case.ts'
import { CALC_CASES } from './calc.ts'
import { CHECKPOINT_CASES } from './checkpoint.ts'
import { GENERATOR_CASES } from './generator.ts'
import { GROUP_BY_CASES } from './group-by.ts'
import { JOIN_CASES } from './join.ts'
import { JSON_CASES } from './json.ts'
import { KAFKA_CASES } from './kafka.ts'
import { RANK_CASES } from './rank.ts'

export const CASES: readonly HotCase[] = [
  ...GENERATOR_CASES,
  ...JSON_CASES,
  ...KAFKA_CASES,
  ...CALC_CASES,
  ...GROUP_BY_CASES,
  ...JOIN_CASES,
  ...RANK_CASES,
  ...CHECKPOINT_CASES,
]

/** Figures that may not be above a bound. */
export const LIMITS: readonly { readonly figure: string; readonly most: number }[] = [
  { figure: 'longest_pause_ms', most: 100 },
]

/** Figures for the terminal. */
export const SHOWN: readonly string[] = [
  'times_plain',
  'longest_pause_ms',
  'longest_pause_cpu_ms',
  'longest_checkpoint_ms',
  'restore_ms',
]
