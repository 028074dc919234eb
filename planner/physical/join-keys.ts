/** What of a join's condition is a key: comparisons of a column of one side with a column of the other. */
import { physicalKind, type SqlType, timestampUnit } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { conjunction, conjunctsOf } from '../expression-rewrite.ts'

export interface JoinKeys {
  readonly left: readonly number[]
  /** Over the right columns alone. */
  readonly right: readonly number[]
  /** False for IS NOT DISTINCT FROM, for which NULL is equal to NULL. */
  readonly filterNulls: readonly boolean[]
  /** The rest of the condition, over the columns of both sides. */
  readonly remainder: Expression | undefined
}

export interface Equality {
  readonly call: Expression & { readonly kind: 'call' }
  readonly left: Expression
  readonly right: Expression
  readonly filtersNulls: boolean
}

/** `a = b`, `a IS NOT DISTINCT FROM b` between values that are the same where their bytes are. */
export function equality(condition: Expression): Equality | undefined {
  if (condition.kind !== 'call') return undefined
  const { function: name, args } = condition
  if (name !== '=' && name !== 'IS NOT DISTINCT FROM') return undefined
  const [left, right] = args
  if (left === undefined || right === undefined || !heldAlike(left.type, right.type)) return undefined
  return { call: condition, left, right, filtersNulls: name === '=' }
}

function heldAlike(a: SqlType, b: SqlType): boolean {
  const kind = physicalKind(a)
  if (kind !== physicalKind(b) || kind === 'null') return false
  if (a.kind === 'DECIMAL' && b.kind === 'DECIMAL') return a.scale === b.scale
  if (a.kind === 'TIMESTAMP' || a.kind === 'TIMESTAMP_LTZ') {
    return a.kind === b.kind && timestampUnit(a.precision) === timestampUnit(b.precision)
  }
  return true
}

/** @param width number of columns of the left side */
export function joinKeys(condition: Expression, width: number): JoinKeys {
  const left: number[] = []
  const right: number[] = []
  const filterNulls: boolean[] = []
  const rest: Expression[] = []
  for (const part of conjunctsOf(condition)) {
    const pair = columnPair(part, width)
    if (pair === undefined) {
      if (!(part.kind === 'literal' && part.value === true)) rest.push(part)
      continue
    }
    left.push(pair.left)
    right.push(pair.right)
    filterNulls.push(pair.filtersNulls)
  }
  return { left, right, filterNulls, remainder: conjunction(rest) }
}

function columnPair(
  condition: Expression,
  width: number,
): { readonly left: number; readonly right: number; readonly filtersNulls: boolean } | undefined {
  const found = equality(condition)
  if (found === undefined || found.left.kind !== 'input' || found.right.kind !== 'input') return undefined
  const { filtersNulls } = found
  const [a, b] = [found.left.index, found.right.index]
  if (a < width && b >= width) return { left: a, right: b - width, filtersNulls }
  return b < width && a >= width ? { left: b, right: a - width, filtersNulls } : undefined
}
