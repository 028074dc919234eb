/** Literals of the graph (JSON) to values and back. */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import type { Literal, LiteralValue } from '../../planner/expression.ts'

export function literalValue(literal: Pick<Literal, 'value' | 'type'>): Value {
  const { value, type } = literal
  if (value === null) return null
  switch (physicalKind(type)) {
    case 'i64':
    case 'i128':
      return BigInt(value)
    case 'f32':
    case 'f64':
      return Number(value)
    case 'bytes':
      return type.kind === 'CHAR' || type.kind === 'VARCHAR'
        ? String(value)
        : Uint8Array.from(Buffer.from(String(value), 'hex'))
    default:
      return value
  }
}

export function toLiteralValue(value: Value, type: SqlType): LiteralValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : numberName(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  throw new MillraceError('INTERNAL_ERROR', `a ${type.kind} is never a literal`)
}

function numberName(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
