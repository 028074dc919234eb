/**
 * Flink SQL's data types (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/) and how each is
 * laid out in memory. Types are plain data: they travel in the operator graph and in checkpoints as JSON.
 */
import { unreachable } from './errors.ts'

/** `nullable: false` is SQL's NOT NULL. */
interface Nullability {
  readonly nullable: boolean
}

export interface CharacterType extends Nullability {
  readonly kind: 'CHAR' | 'VARCHAR'
  /** In characters; STRING is VARCHAR(MAX_LENGTH). */
  readonly length: number
}

export interface BinaryType extends Nullability {
  readonly kind: 'BINARY' | 'VARBINARY'
  /** In bytes; BYTES is VARBINARY(MAX_LENGTH). */
  readonly length: number
}

export interface SimpleType extends Nullability {
  readonly kind: 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'DATE' | 'NULL'
}

export interface DecimalType extends Nullability {
  readonly kind: 'DECIMAL'
  /** 1 to 38 digits. */
  readonly precision: number
  /** 0 to precision digits behind the point. */
  readonly scale: number
}

export interface TimeType extends Nullability {
  readonly kind: 'TIME'
  readonly precision: number
}

/** TIMESTAMP is a wall-clock reading without a zone; TIMESTAMP_LTZ is an instant. */
export interface TimestampType extends Nullability {
  readonly kind: 'TIMESTAMP' | 'TIMESTAMP_LTZ'
  /** 0 to 9 digits of the second. */
  readonly precision: number
  /** Set on the column that a watermark is declared for, or that PROCTIME() makes. */
  readonly timeAttribute?: 'rowtime' | 'proctime'
}

export interface IntervalType extends Nullability {
  /** Months, and milliseconds, as Flink's INTERVAL YEAR TO MONTH and DAY TO SECOND(3). */
  readonly kind: 'INTERVAL_YEAR_MONTH' | 'INTERVAL_DAY_TIME'
}

export interface ArrayType extends Nullability {
  readonly kind: 'ARRAY' | 'MULTISET'
  readonly element: SqlType
}

export interface MapType extends Nullability {
  readonly kind: 'MAP'
  readonly key: SqlType
  readonly value: SqlType
}

export interface RowType extends Nullability {
  readonly kind: 'ROW'
  readonly fields: readonly Field[]
}

/** Types that are parsed and declared, but that no expression computes with yet. */
export interface OpaqueType extends Nullability {
  readonly kind: 'RAW' | 'VARIANT' | 'BITMAP'
  readonly text: string
}

export type SqlType =
  | CharacterType
  | BinaryType
  | SimpleType
  | DecimalType
  | TimeType
  | TimestampType
  | IntervalType
  | ArrayType
  | MapType
  | RowType
  | OpaqueType

export type TypeKind = SqlType['kind']

export interface Field {
  readonly name: string
  readonly type: SqlType
  readonly description?: string
}

/** Names and types of the columns of a relation, in order. */
export interface Schema {
  readonly fields: readonly Field[]
}

/** Length of STRING and BYTES: what Flink calls VARCHAR(2147483647). */
export const MAX_LENGTH = 2147483647
export const MAX_DECIMAL_PRECISION = 38

export const BOOLEAN: SqlType = { kind: 'BOOLEAN', nullable: true }
export const TINYINT: SqlType = { kind: 'TINYINT', nullable: true }
export const SMALLINT: SqlType = { kind: 'SMALLINT', nullable: true }
export const INT: SqlType = { kind: 'INT', nullable: true }
export const BIGINT: SqlType = { kind: 'BIGINT', nullable: true }
export const FLOAT: SqlType = { kind: 'FLOAT', nullable: true }
export const DOUBLE: SqlType = { kind: 'DOUBLE', nullable: true }
export const DATE: SqlType = { kind: 'DATE', nullable: true }
export const NULL: SqlType = { kind: 'NULL', nullable: true }
export const STRING: SqlType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
export const BYTES: SqlType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }

export function decimal(precision: number, scale: number): DecimalType {
  return { kind: 'DECIMAL', precision, scale, nullable: true }
}

export function timestamp(precision: number): TimestampType {
  return { kind: 'TIMESTAMP', precision, nullable: true }
}

export function timestampLtz(precision: number): TimestampType {
  return { kind: 'TIMESTAMP_LTZ', precision, nullable: true }
}

export function withNullability<T extends SqlType>(type: T, nullable: boolean): T {
  return type.nullable === nullable ? type : { ...type, nullable }
}

/**
 * How a type is held in a column. Units: DATE days since 1970-01-01; TIME milliseconds of the day; TIMESTAMP and
 * TIMESTAMP_LTZ see `timestampUnit`; intervals months and milliseconds; DECIMAL is the number times 10^scale.
 *
 * - `bool` Uint8Array of 0 and 1; `i8` … `f64` the typed array of that name
 * - `i128` BigInt64Array with two elements a row, the low half first
 * - `bytes` views (start, length) into a byte buffer: UTF-8 text or binary
 * - `list` views (start, length) into a child column; `map` the same with two children; `row` one child a field
 * - `null` no storage at all
 */
export type PhysicalKind =
  | 'bool'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'i128'
  | 'bytes'
  | 'list'
  | 'map'
  | 'row'
  | 'null'

export function physicalKind(type: SqlType): PhysicalKind {
  switch (type.kind) {
    case 'BOOLEAN':
      return 'bool'
    case 'TINYINT':
      return 'i8'
    case 'SMALLINT':
      return 'i16'
    case 'INT':
    case 'DATE':
    case 'TIME':
    case 'INTERVAL_YEAR_MONTH':
      return 'i32'
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'INTERVAL_DAY_TIME':
      return 'i64'
    case 'DECIMAL':
      return type.precision <= 18 ? 'i64' : 'i128'
    case 'FLOAT':
      return 'f32'
    case 'DOUBLE':
      return 'f64'
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      return 'bytes'
    case 'ARRAY':
      return 'list'
    case 'MULTISET':
    case 'MAP':
      return 'map'
    case 'ROW':
      return 'row'
    case 'NULL':
      return 'null'
    default:
      return unreachable(type)
  }
}

/** Key and value type of the pairs that a MAP holds; a MULTISET is a MAP from element to INT NOT NULL count. */
export function mapTypes(type: SqlType): { readonly key: SqlType; readonly value: SqlType } | undefined {
  if (type.kind === 'MAP') return { key: type.key, value: type.value }
  if (type.kind === 'MULTISET') return { key: type.element, value: withNullability(INT, false) }
  return undefined
}

export type TimestampUnit = 'millisecond' | 'microsecond' | 'nanosecond'

/** A timestamp of precision 0 to 3 counts milliseconds since the epoch, 4 to 6 microseconds, 7 to 9 nanoseconds. */
export function timestampUnit(precision: number): TimestampUnit {
  if (precision <= 3) return 'millisecond'
  return precision <= 6 ? 'microsecond' : 'nanosecond'
}

/** How many units of a timestamp of this precision make a millisecond: 1, 1000 or 1000000. */
export function unitsPerMillisecond(precision: number): bigint {
  if (precision <= 3) return 1n
  return precision <= 6 ? 1000n : 1000000n
}

/** The type as Flink prints it, as in DESCRIBE: `BIGINT NOT NULL`, `ROW<`id` BIGINT>`, `TIMESTAMP(3) *ROWTIME*`. */
export function typeToString(type: SqlType): string {
  return type.nullable || type.kind === 'NULL' ? nullableToString(type) : `${nullableToString(type)} NOT NULL`
}

function nullableToString(type: SqlType): string {
  switch (type.kind) {
    case 'CHAR':
    case 'BINARY':
      return `${type.kind}(${type.length})`
    case 'VARCHAR':
      return type.length === MAX_LENGTH ? 'STRING' : `VARCHAR(${type.length})`
    case 'VARBINARY':
      return type.length === MAX_LENGTH ? 'BYTES' : `VARBINARY(${type.length})`
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`
    case 'TIME':
      return `TIME(${type.precision})`
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return `${type.kind}(${type.precision})${type.timeAttribute ? ` *${type.timeAttribute.toUpperCase()}*` : ''}`
    case 'INTERVAL_YEAR_MONTH':
      return 'INTERVAL YEAR TO MONTH'
    case 'INTERVAL_DAY_TIME':
      return 'INTERVAL DAY TO SECOND(3)'
    case 'ARRAY':
    case 'MULTISET':
      return `${type.kind}<${typeToString(type.element)}>`
    case 'MAP':
      return `MAP<${typeToString(type.key)}, ${typeToString(type.value)}>`
    case 'ROW':
      return `ROW<${type.fields.map(fieldToString).join(', ')}>`
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      return type.text
    default:
      return type.kind
  }
}

function fieldToString(field: Field): string {
  const comment = field.description === undefined ? '' : ` '${field.description.replaceAll("'", "''")}'`
  return `\`${field.name.replaceAll('`', '``')}\` ${typeToString(field.type)}${comment}`
}

/** Same type, nullability and time attributes left out of account at every depth. */
export function sameType(a: SqlType, b: SqlType): boolean {
  return typeToString(bare(a)) === typeToString(bare(b))
}

function bare(type: SqlType): SqlType {
  switch (type.kind) {
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return { kind: type.kind, precision: type.precision, nullable: true }
    case 'ARRAY':
    case 'MULTISET':
      return { ...type, element: bare(type.element), nullable: true }
    case 'MAP':
      return { ...type, key: bare(type.key), value: bare(type.value), nullable: true }
    case 'ROW':
      return {
        ...type,
        fields: type.fields.map(({ name, type: field }) => ({ name, type: bare(field) })),
        nullable: true,
      }
    default:
      return { ...type, nullable: true }
  }
}
