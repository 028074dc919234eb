/** PERCENTILE: exact, from how often each value is there. */
import type { Value } from '../../../core/column.ts'
import { MillraceError } from '../../../core/errors.ts'
import { BIGINT, DOUBLE, type SqlType, withNullability } from '../../../core/types.ts'
import { type AggregateFunction, boxed } from './aggregate-function.ts'
import { isNumber } from './result-types.ts'

const ARRAY_OF_DOUBLE: SqlType = { kind: 'ARRAY', element: withNullability(DOUBLE, false), nullable: false }
const WHOLE: readonly SqlType['kind'][] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']

interface Frequencies {
  /** Those of the group's first row. */
  percentages: readonly number[] | undefined
  readonly counts: Map<number, number>
}

const STATE: SqlType = {
  kind: 'ROW',
  nullable: false,
  fields: [
    { name: 'percentages', type: { ...ARRAY_OF_DOUBLE, nullable: true } },
    {
      name: 'counts',
      type: {
        kind: 'MAP',
        key: withNullability(DOUBLE, false),
        value: withNullability(BIGINT, false),
        nullable: false,
      },
    },
  ],
}

export const PERCENTILE: AggregateFunction = {
  name: 'PERCENTILE',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['PERCENTILE(expression, percentage [, frequency])'],
  description:
    'The exact percentile of the values that are not NULL, between the two nearest values where it falls between; percentage is from 0 to 1, or an ARRAY of such, which gives an ARRAY. frequency says how often a row counts.',
  examples: [],
  bind: (args) => {
    const [value, percentage, frequency] = args
    if (value === undefined || percentage === undefined || args.length > 3) return undefined
    if (!isNumber(value.type) || (frequency !== undefined && !WHOLE.includes(frequency.type.kind))) return undefined
    const { type } = percentage
    const several = type.kind === 'ARRAY'
    if (!isNumber(several ? type.element : type)) return undefined
    if (percentage.literal !== undefined && percentage.literal !== null) {
      const scale = type.kind === 'DECIMAL' ? type.scale : 0
      checkPercentages([Number(percentage.literal) / 10 ** scale])
    }
    const argumentTypes = [
      withNullability(DOUBLE, value.type.nullable),
      several ? ARRAY_OF_DOUBLE : withNullability(DOUBLE, false),
      ...(frequency === undefined ? [] : [withNullability(BIGINT, frequency.type.nullable)]),
    ]
    return {
      argumentTypes,
      returnType: several ? { kind: 'ARRAY', element: DOUBLE, nullable: true } : withNullability(DOUBLE, true),
    }
  },
  implement: ({ argumentTypes }) => {
    const several = argumentTypes[1]?.kind === 'ARRAY'
    return boxed<Frequencies>({
      kind: 'boxed',
      create: () => ({ percentages: undefined, counts: new Map() }),
      accumulate: (state, args) => {
        state.percentages ??= checkPercentages(several ? (args[1] as readonly number[]) : [args[1] as number])
        change(state, args, 1)
      },
      retract: (state, args) => {
        change(state, args, -1)
      },
      result: ({ percentages = [], counts }) => {
        const found = percentiles(percentages, counts)
        return several ? found : (found?.[0] ?? null)
      },
      stateType: STATE,
      toValue: ({ percentages, counts }) => [
        percentages ?? null,
        [...counts].map(([value, count]) => [value, BigInt(count)]),
      ],
      fromValue: (value) => {
        const [percentages, counts] = value as readonly [readonly number[] | null, readonly (readonly Value[])[]]
        return {
          percentages: percentages ?? undefined,
          counts: new Map(counts.map(([item, count]) => [Number(item), Number(count)])),
        }
      },
    })
  },
}

function checkPercentages(percentages: readonly number[]): readonly number[] {
  for (const percentage of percentages) {
    if (percentage >= 0 && percentage <= 1) continue
    throw new MillraceError(
      'INVALID_ARGUMENT',
      `percentage of PERCENTILE should be between 0 and 1, but was ${percentage}`,
      {
        retryable: false,
      },
    )
  }
  return percentages
}

function change({ counts }: Frequencies, [value = null, , frequency]: readonly Value[], sign: number): void {
  const times = frequency === undefined ? 1 : Number(frequency ?? 0)
  if (typeof value !== 'number' || times <= 0) return
  const count = (counts.get(value) ?? 0) + sign * times
  if (count === 0) counts.delete(value)
  else counts.set(value, count)
}

/** @returns null where there are no values or no percentages */
function percentiles(percentages: readonly number[], counts: ReadonlyMap<number, number>): number[] | null {
  const sorted = [...counts].sort(([a], [b]) => a - b)
  const total = sorted.reduce((sum, [, count]) => sum + count, 0)
  if (total <= 0 || percentages.length === 0) return null
  return percentages.map((percentage) => {
    const position = percentage * (total - 1) + 1
    const [lower, higher] = [Math.floor(position), Math.ceil(position)]
    let index = 0
    let passed = sorted[0]?.[1] ?? 0
    while (passed < lower) passed += sorted[++index]?.[1] ?? total
    const value = sorted[index]?.[0] ?? 0
    if (passed >= higher) return value
    return (higher - position) * value + (position - lower) * (sorted[index + 1]?.[0] ?? 0)
  })
}
