/** The only list of aggregate functions. */
import type { AggregateFunction } from './aggregate-function.ts'
import { APPROX_COUNT_DISTINCT } from './approx-count-distinct.ts'
import { ARRAY_AGG } from './array-agg.ts'
import { AVG } from './avg.ts'
import { COLLECT } from './collect.ts'
import { COUNT } from './count.ts'
import { SINGLE_VALUE } from './single-value.ts'
import { STDDEV_POP, STDDEV_SAMP, VAR_POP, VAR_SAMP } from './deviation.ts'
import { FIRST_VALUE, LAST_VALUE } from './first-value.ts'
import { JSON_ARRAYAGG, JSON_OBJECTAGG } from './json-agg.ts'
import { LISTAGG } from './listagg.ts'
import { MAX } from './max.ts'
import { MIN } from './min.ts'
import { OVER_FUNCTIONS } from './over.ts'
import { PERCENTILE } from './percentile.ts'
import { SUM, SUM0 } from './sum.ts'

export const AGGREGATE_FUNCTIONS: readonly AggregateFunction[] = [
  APPROX_COUNT_DISTINCT,
  ARRAY_AGG,
  AVG,
  COLLECT,
  COUNT,
  FIRST_VALUE,
  JSON_ARRAYAGG,
  JSON_OBJECTAGG,
  LAST_VALUE,
  LISTAGG,
  MAX,
  MIN,
  PERCENTILE,
  SINGLE_VALUE,
  STDDEV_POP,
  STDDEV_SAMP,
  SUM,
  SUM0,
  VAR_POP,
  VAR_SAMP,
]

const byName = new Map(
  AGGREGATE_FUNCTIONS.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])].map((name) => [name, spec] as const)),
)

/** @param name upper case */
export function findAggregate(name: string): AggregateFunction | undefined {
  return byName.get(name)
}

/** Also of functions that only a call with OVER has. */
export function findImplementation(name: string): AggregateFunction['implement'] | undefined {
  return (findAggregate(name) ?? OVER_FUNCTIONS.find((item) => item.name === name))?.implement
}
