/** The only list of aggregate functions. */
import type { AggregateFunction } from './aggregate-function.ts'
import { AVG } from './avg.ts'
import { COUNT } from './count.ts'
import { MAX } from './max.ts'
import { MIN } from './min.ts'
import { SUM, SUM0 } from './sum.ts'

export const AGGREGATE_FUNCTIONS: readonly AggregateFunction[] = [AVG, COUNT, MAX, MIN, SUM, SUM0]

const byName = new Map(
  AGGREGATE_FUNCTIONS.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])].map((name) => [name, spec] as const)),
)

/** @param name upper case */
export function findAggregate(name: string): AggregateFunction | undefined {
  return byName.get(name)
}
