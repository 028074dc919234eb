/** Functions that have a meaning only with OVER. */
import type { BoundArgument, BoundSignature, FunctionSpec } from '../../catalog/function.ts'
import { INT, type SqlType, withNullability } from '../../core/types.ts'

const NUMBER: SqlType = { kind: 'BIGINT', nullable: false }
const DOUBLE: SqlType = { kind: 'DOUBLE', nullable: false }

function numbering(name: string, description: string, returnType: SqlType = NUMBER): FunctionSpec {
  return {
    name,
    kind: 'window',
    category: 'window',
    signatures: [`${name}() OVER (PARTITION BY … ORDER BY …)`],
    description,
    examples: [],
    bind: (args) => (args.length === 0 ? { argumentTypes: [], returnType } : undefined),
  }
}

function neighbour(name: string, description: string): FunctionSpec {
  return {
    name,
    kind: 'window',
    category: 'window',
    signatures: [`${name}(expression [, offset [, default]]) OVER (PARTITION BY … ORDER BY …)`],
    description,
    examples: [],
    bind: bindNeighbour,
  }
}

function bindNeighbour(args: readonly BoundArgument[]): BoundSignature | undefined {
  const [value, offset, fallback] = args
  if (value === undefined || args.length > 3) return undefined
  if (offset !== undefined && !['TINYINT', 'SMALLINT', 'INT', 'BIGINT'].includes(offset.type.kind)) return undefined
  const returnType = withNullability(
    value.type,
    fallback === undefined || fallback.type.nullable || value.type.nullable,
  )
  const rest = [
    ...(offset === undefined ? [] : [INT]),
    ...(fallback === undefined ? [] : [withNullability(value.type, true)]),
  ]
  return { argumentTypes: [value.type, ...rest], returnType }
}

export const WINDOW_FUNCTIONS: readonly FunctionSpec[] = [
  numbering(
    'ROW_NUMBER',
    'The number of the row in its partition, from 1 on. With a condition on it (`<= 10`) a Top-N; alone over a time attribute the number of rows so far.',
  ),
  numbering('RANK', 'The number of the row, the same for equal rows, with gaps behind them. No Top-N on streams.'),
  numbering('DENSE_RANK', 'The number of the row, the same for equal rows, without gaps. No Top-N on streams.'),
  numbering('PERCENT_RANK', '(RANK - 1) / (rows of the partition - 1). Not on streams.', DOUBLE),
  numbering('CUME_DIST', 'The part of the partition that is not behind the row. Not on streams.', DOUBLE),
  {
    ...numbering('NTILE', 'The number of the row’s bucket, of `n` buckets of about the same size. Not on streams.'),
    signatures: ['NTILE(n) OVER (PARTITION BY … ORDER BY …)'],
    bind: ([buckets, another]) =>
      buckets !== undefined && another === undefined ? { argumentTypes: [INT], returnType: NUMBER } : undefined,
  },
  neighbour('LAG', 'The value of the row `offset` (default 1) rows before, or the default (NULL) where there is none.'),
  neighbour('LEAD', 'The value of the row `offset` (default 1) rows behind. Not on streams.'),
]
