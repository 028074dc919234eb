/** Result types of aggregates, as Flink derives them. */
import type { BoundArgument, BoundSignature, FunctionSpec } from '../../../catalog/function.ts'
import {
  MAX_DECIMAL_PRECISION,
  physicalKind,
  type SqlType,
  type TypeKind,
  withNullability,
} from '../../../core/types.ts'

const NUMBERS: readonly TypeKind[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE']

export function isNumber(type: SqlType): boolean {
  return NUMBERS.includes(type.kind)
}

/** Of MIN, MAX: whatever has an order in one column. */
export function isOrdered(type: SqlType): boolean {
  return !['list', 'map', 'row'].includes(physicalKind(type)) && !['RAW', 'VARIANT', 'BITMAP'].includes(type.kind)
}

/** The argument's own type, DECIMAL widened to 38 digits. */
export function sumType(type: SqlType): SqlType {
  return type.kind === 'DECIMAL' ? { ...type, precision: MAX_DECIMAL_PRECISION } : type
}

/** The argument's own type, DECIMAL(p, s) to DECIMAL(38, max(6, s)). */
export function averageType(type: SqlType): SqlType {
  if (type.kind !== 'DECIMAL') return type
  return { ...type, precision: MAX_DECIMAL_PRECISION, scale: Math.max(6, type.scale) }
}

/** One argument; the result is NULL over nothing, so that without GROUP BY the binder makes it nullable. */
export function oneArgument(
  accepts: (type: SqlType) => boolean,
  result: (type: SqlType) => SqlType,
): FunctionSpec['bind'] {
  return (args: readonly BoundArgument[]): BoundSignature | undefined => {
    const [argument] = args
    if (argument === undefined || args.length !== 1 || !accepts(argument.type)) return undefined
    const type = withoutAttribute(argument.type)
    return { argumentTypes: [argument.type], returnType: withNullability(result(type), argument.type.nullable) }
  }
}

function withoutAttribute(type: SqlType): SqlType {
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return type
  return { kind: type.kind, precision: type.precision, nullable: type.nullable }
}
