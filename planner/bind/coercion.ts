/**
 * Which type may become which, and the common type of several. After Flink's `LogicalTypeCasts` and
 * `LogicalTypeMerging` (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/#casting).
 */
import {
  BYTES,
  DOUBLE,
  type DecimalType,
  decimal,
  MAX_DECIMAL_PRECISION,
  NULL,
  type SqlType,
  STRING,
  sameType,
  type TypeKind,
  withNullability,
} from '../../core/types.ts'

const INTEGERS: readonly TypeKind[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']
const EXACT: readonly TypeKind[] = [...INTEGERS, 'DECIMAL']
const NUMERIC: readonly TypeKind[] = [...EXACT, 'FLOAT', 'DOUBLE']
const CHARACTER: readonly TypeKind[] = ['CHAR', 'VARCHAR']
const BINARY: readonly TypeKind[] = ['BINARY', 'VARBINARY']
const TIMESTAMPS: readonly TypeKind[] = ['TIMESTAMP', 'TIMESTAMP_LTZ']
const DATETIME: readonly TypeKind[] = ['DATE', 'TIME', ...TIMESTAMPS]
const INTERVALS: readonly TypeKind[] = ['INTERVAL_YEAR_MONTH', 'INTERVAL_DAY_TIME']
const CONSTRUCTED: readonly TypeKind[] = ['ARRAY', 'MULTISET', 'MAP', 'ROW']

export function isInteger(type: SqlType): boolean {
  return INTEGERS.includes(type.kind)
}

export function isNumeric(type: SqlType): boolean {
  return NUMERIC.includes(type.kind)
}

export function isCharacter(type: SqlType): boolean {
  return CHARACTER.includes(type.kind)
}

function isBinary(type: SqlType): boolean {
  return BINARY.includes(type.kind)
}

export function isInterval(type: SqlType): boolean {
  return INTERVALS.includes(type.kind)
}

/** By target kind: the kinds that are converted without being asked, and those that CAST converts too. */
const CASTS: Readonly<
  Partial<Record<TypeKind, { readonly implicit: readonly TypeKind[]; readonly explicit: readonly TypeKind[] }>>
> = {
  CHAR: {
    implicit: ['CHAR'],
    explicit: [...CHARACTER, ...BINARY, 'BOOLEAN', ...NUMERIC, ...DATETIME, ...INTERVALS, ...CONSTRUCTED],
  },
  VARCHAR: {
    implicit: CHARACTER,
    explicit: [...BINARY, 'BOOLEAN', ...NUMERIC, ...DATETIME, ...INTERVALS, ...CONSTRUCTED],
  },
  BOOLEAN: { implicit: ['BOOLEAN'], explicit: [...CHARACTER, ...NUMERIC] },
  BINARY: { implicit: ['BINARY'], explicit: [...CHARACTER, 'VARBINARY'] },
  VARBINARY: { implicit: BINARY, explicit: CHARACTER },
  DECIMAL: { implicit: NUMERIC, explicit: [...CHARACTER, 'BOOLEAN', ...INTERVALS] },
  TINYINT: { implicit: ['TINYINT'], explicit: [...NUMERIC, ...CHARACTER, 'BOOLEAN', ...INTERVALS] },
  SMALLINT: { implicit: ['TINYINT', 'SMALLINT'], explicit: [...NUMERIC, ...CHARACTER, 'BOOLEAN', ...INTERVALS] },
  INT: { implicit: ['TINYINT', 'SMALLINT', 'INT'], explicit: [...NUMERIC, ...CHARACTER, 'BOOLEAN', ...INTERVALS] },
  BIGINT: { implicit: INTEGERS, explicit: [...NUMERIC, ...CHARACTER, 'BOOLEAN', ...INTERVALS] },
  FLOAT: { implicit: [...EXACT, 'FLOAT'], explicit: [...NUMERIC, ...CHARACTER, 'BOOLEAN'] },
  DOUBLE: { implicit: NUMERIC, explicit: [...CHARACTER, 'BOOLEAN'] },
  DATE: { implicit: ['DATE', 'TIMESTAMP'], explicit: ['TIMESTAMP_LTZ', ...CHARACTER] },
  TIME: { implicit: ['TIME', 'TIMESTAMP'], explicit: ['TIMESTAMP_LTZ', ...CHARACTER] },
  TIMESTAMP: { implicit: TIMESTAMPS, explicit: ['DATE', 'TIME', ...CHARACTER] },
  TIMESTAMP_LTZ: { implicit: TIMESTAMPS, explicit: ['DATE', 'TIME', ...CHARACTER] },
  INTERVAL_YEAR_MONTH: { implicit: ['INTERVAL_YEAR_MONTH'], explicit: [...EXACT, ...CHARACTER] },
  INTERVAL_DAY_TIME: { implicit: ['INTERVAL_DAY_TIME'], explicit: [...EXACT, ...CHARACTER] },
}

/** Whether a value may be written into a column of the type without CAST. Nullability is checked when the job runs. */
export function supportsImplicitCast(from: SqlType, to: SqlType): boolean {
  return supportsCastOf(from, to, false)
}

/** Whether CAST(x AS to) is defined. Nested types need it for each of their parts. */
export function supportsCast(from: SqlType, to: SqlType): boolean {
  return supportsCastOf(from, to, true)
}

function supportsCastOf(from: SqlType, to: SqlType, explicit: boolean): boolean {
  if (from.kind === 'NULL' || sameType(from, to)) return true
  const nested = nestedCast(from, to, explicit)
  if (nested !== undefined) return nested
  const rule = CASTS[to.kind]
  if (rule === undefined) return false
  return rule.implicit.includes(from.kind) || (explicit && rule.explicit.includes(from.kind))
}

function nestedCast(from: SqlType, to: SqlType, explicit: boolean): boolean | undefined {
  if (from.kind === 'ROW' && to.kind === 'ROW') {
    return (
      from.fields.length === to.fields.length &&
      from.fields.every((field, index) => {
        const target = to.fields[index]
        return target !== undefined && supportsCastOf(field.type, target.type, explicit)
      })
    )
  }
  if ((from.kind === 'ARRAY' || from.kind === 'MULTISET') && from.kind === to.kind) {
    return supportsCastOf(from.element, to.element, explicit)
  }
  if (from.kind === 'MAP' && to.kind === 'MAP') {
    return supportsCastOf(from.key, to.key, explicit) && supportsCastOf(from.value, to.value, explicit)
  }
  return undefined
}

/** What CAST to the type yields for an input: NULL stays NULL. */
export function castType(from: SqlType, to: SqlType, safe: boolean): SqlType {
  return withNullability(to, safe || from.nullable || from.kind === 'NULL')
}

/** Whether rows of the first type can be handed on as the second without conversion. */
export function isAssignable(from: SqlType, to: SqlType): boolean {
  if (sameType(from, to)) return true
  if (isCharacter(from) && to.kind === 'VARCHAR') return 'length' in from && from.length <= to.length
  if (isBinary(from) && to.kind === 'VARBINARY') return 'length' in from && from.length <= to.length
  return isAssignableNested(from, to)
}

/** Names of fields play no part in the values. */
function isAssignableNested(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'ROW' && to.kind === 'ROW') {
    return (
      from.fields.length === to.fields.length &&
      from.fields.every((field, index) => {
        const target = to.fields[index]
        return target !== undefined && isAssignable(field.type, target.type)
      })
    )
  }
  if ((from.kind === 'ARRAY' || from.kind === 'MULTISET') && from.kind === to.kind) {
    return isAssignable(from.element, to.element)
  }
  if (from.kind === 'MAP' && to.kind === 'MAP')
    return isAssignable(from.key, to.key) && isAssignable(from.value, to.value)
  return false
}

/** The DECIMAL that holds every value of an integer type; a DECIMAL is itself. */
export function asDecimal(type: SqlType): DecimalType | undefined {
  switch (type.kind) {
    case 'TINYINT':
      return { ...decimal(3, 0), nullable: type.nullable }
    case 'SMALLINT':
      return { ...decimal(5, 0), nullable: type.nullable }
    case 'INT':
      return { ...decimal(10, 0), nullable: type.nullable }
    case 'BIGINT':
      return { ...decimal(19, 0), nullable: type.nullable }
    case 'DECIMAL':
      return type
    default:
      return undefined
  }
}

/**
 * The type that values of all the types can be brought to without loss (CASE, COALESCE, UNION ALL, VALUES, ARRAY).
 *
 * @returns undefined where there is none, as for INT and STRING
 */
export function commonType(types: readonly SqlType[]): SqlType | undefined {
  let result: SqlType | undefined
  for (const type of types) {
    const merged: SqlType | undefined = result === undefined ? type : commonOfTwo(result, type)
    if (merged === undefined) return undefined
    result = merged
  }
  if (result === undefined) return NULL
  return withTimeAttributeOf(
    withNullability(
      result,
      types.some((type) => type.nullable || type.kind === 'NULL'),
    ),
    types,
  )
}

/** A time attribute survives only where all have the same one. */
function withTimeAttributeOf(result: SqlType, types: readonly SqlType[]): SqlType {
  if (result.kind !== 'TIMESTAMP' && result.kind !== 'TIMESTAMP_LTZ') return result
  const attributes = types.map((type) => ('timeAttribute' in type ? type.timeAttribute : undefined))
  const [first] = attributes
  const bare: SqlType = { kind: result.kind, precision: result.precision, nullable: result.nullable }
  if (first === undefined || !attributes.every((attribute) => attribute === first)) return bare
  return { ...bare, timeAttribute: first }
}

function commonOfTwo(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'NULL') return b
  if (b.kind === 'NULL' || sameType(a, b)) return mergeNested(a, b) ?? a
  if (isNumeric(a) && isNumeric(b)) return commonNumeric(a, b)
  if (isCharacter(a) && isCharacter(b)) return varying(STRING, a, b)
  if (isBinary(a) && isBinary(b)) return varying(BYTES, a, b)
  return commonDatetime(a, b) ?? mergeNested(a, b)
}

function commonNumeric(a: SqlType, b: SqlType): SqlType {
  if (a.kind === 'DOUBLE' || b.kind === 'DOUBLE') return DOUBLE
  if (a.kind === 'FLOAT' || b.kind === 'FLOAT') {
    const other = a.kind === 'FLOAT' ? b : a
    return other.kind === 'DECIMAL' ? DOUBLE : { kind: 'FLOAT', nullable: true }
  }
  if (a.kind === 'DECIMAL' || b.kind === 'DECIMAL') {
    const left = asDecimal(a)
    const right = asDecimal(b)
    if (left !== undefined && right !== undefined) return commonDecimal(left, right)
  }
  return INTEGERS.indexOf(a.kind) >= INTEGERS.indexOf(b.kind) ? a : b
}

/** Digits before the point win over digits behind it where both do not fit. */
function commonDecimal(a: DecimalType, b: DecimalType): SqlType {
  const integers = Math.max(a.precision - a.scale, b.precision - b.scale)
  const wantedScale = Math.max(a.scale, b.scale)
  const scale = Math.min(wantedScale, MAX_DECIMAL_PRECISION - integers)
  return decimal(Math.min(integers + wantedScale, MAX_DECIMAL_PRECISION), Math.max(0, scale))
}

function varying(template: SqlType, a: SqlType, b: SqlType): SqlType | undefined {
  if (!('length' in a) || !('length' in b) || !('length' in template)) return undefined
  return { ...template, length: Math.max(a.length, b.length) }
}

function commonDatetime(a: SqlType, b: SqlType): SqlType | undefined {
  const precision = Math.max('precision' in a ? a.precision : 0, 'precision' in b ? b.precision : 0)
  const pair = [a.kind, b.kind]
  const both = (kinds: readonly TypeKind[]): boolean => pair.every((kind) => kinds.includes(kind))
  if (both(['TIME'])) return { kind: 'TIME', precision, nullable: true }
  if (both(['TIMESTAMP'])) return { kind: 'TIMESTAMP', precision, nullable: true }
  if (both(TIMESTAMPS)) return { kind: 'TIMESTAMP_LTZ', precision, nullable: true }
  if (both(['DATE', 'TIMESTAMP'])) return { kind: 'TIMESTAMP', precision, nullable: true }
  if (both(['DATE', 'TIMESTAMP_LTZ'])) return { kind: 'TIMESTAMP_LTZ', precision, nullable: true }
  return undefined
}

function mergeNested(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.kind === 'ROW' && b.kind === 'ROW') {
    if (a.fields.length !== b.fields.length) return undefined
    const fields = []
    for (const [index, field] of a.fields.entries()) {
      const other = b.fields[index]
      const type = other === undefined ? undefined : commonType([field.type, other.type])
      if (type === undefined) return undefined
      fields.push({ ...field, type })
    }
    return { kind: 'ROW', fields, nullable: true }
  }
  if ((a.kind === 'ARRAY' || a.kind === 'MULTISET') && (b.kind === 'ARRAY' || b.kind === 'MULTISET')) {
    const element = a.kind === b.kind ? commonType([a.element, b.element]) : undefined
    return element === undefined ? undefined : { kind: a.kind, element, nullable: true }
  }
  if (a.kind === 'MAP' && b.kind === 'MAP') {
    const key = commonType([a.key, b.key])
    const value = commonType([a.value, b.value])
    return key === undefined || value === undefined ? undefined : { kind: 'MAP', key, value, nullable: true }
  }
  return undefined
}

/**
 * The types to which two operands of a comparison are brought: their common type, or the other's type for a
 * character literal beside a datetime, a number or a boolean.
 */
export function comparisonType(a: SqlType, b: SqlType): SqlType | undefined {
  const common = commonType([a, b])
  if (common !== undefined) return common
  if (isCharacter(a) && (DATETIME.includes(b.kind) || b.kind === 'BOOLEAN' || isInterval(b))) return b
  if (isCharacter(b) && (DATETIME.includes(a.kind) || a.kind === 'BOOLEAN' || isInterval(a))) return a
  return undefined
}

/**
 * DECIMAL arithmetic (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/):
 * precision and scale of `+ - * / %` over the DECIMALs that hold the operands; beyond 38 digits the scale gives way,
 * but not below 6.
 */
function decimalArithmetic(operator: '+' | '-' | '*' | '/' | '%', a: DecimalType, b: DecimalType): SqlType {
  const digits = (type: DecimalType): number => type.precision - type.scale
  const scale = Math.max(a.scale, b.scale)
  const nullable = a.nullable || b.nullable
  switch (operator) {
    case '+':
    case '-':
      return withNullability(adjusted(Math.max(digits(a), digits(b)) + scale + 1, scale), nullable)
    case '*':
      return withNullability(adjusted(a.precision + b.precision + 1, a.scale + b.scale), nullable)
    case '/': {
      const quotient = Math.max(6, a.scale + b.precision + 1)
      return withNullability(adjusted(digits(a) + b.scale + quotient, quotient), nullable)
    }
    default: {
      if (a.scale === 0 && b.scale === 0) return withNullability(b, nullable)
      return withNullability(adjusted(Math.min(digits(a), digits(b)) + scale, scale), nullable)
    }
  }
}

function adjusted(precision: number, scale: number): SqlType {
  if (precision <= MAX_DECIMAL_PRECISION) return decimal(precision, scale)
  const integers = precision - scale
  const kept = Math.max(MAX_DECIMAL_PRECISION - integers, Math.min(scale, 6))
  return decimal(MAX_DECIMAL_PRECISION, kept)
}

/**
 * The type of `a op b` over numbers: DOUBLE before FLOAT before DECIMAL before the wider integer; a remainder of
 * integers has the type of the divisor.
 */
export function arithmeticType(operator: '+' | '-' | '*' | '/' | '%', a: SqlType, b: SqlType): SqlType | undefined {
  if (!isNumeric(a) || !isNumeric(b)) return undefined
  const nullable = a.nullable || b.nullable
  if (a.kind !== 'DECIMAL' && b.kind !== 'DECIMAL') {
    const isRemainder = operator === '%' && INTEGERS.includes(a.kind) && INTEGERS.includes(b.kind)
    return withNullability(isRemainder ? b : commonNumeric(a, b), nullable)
  }
  const left = asDecimal(a)
  const right = asDecimal(b)
  if (left === undefined || right === undefined) return withNullability(DOUBLE, nullable)
  return decimalArithmetic(operator, left, right)
}
