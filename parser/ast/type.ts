/**
 * Data types as written. Synonyms are folded (INTEGER is INT, NUMERIC is DECIMAL, TIMESTAMP(3) WITH LOCAL TIME ZONE is
 * TIMESTAMP_LTZ(3)); defaults are not filled in and nothing is checked. Follows Flink's "Data Types" page.
 */
import type { Identifier, Span, StringLiteral } from './node.ts'

export type BasicTypeName =
  | 'CHAR'
  | 'VARCHAR'
  | 'STRING'
  | 'BOOLEAN'
  | 'BINARY'
  | 'VARBINARY'
  | 'BYTES'
  | 'DECIMAL'
  | 'TINYINT'
  | 'SMALLINT'
  | 'INT'
  | 'BIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMP_LTZ'
  /** TIMESTAMP WITH TIME ZONE: parsed, as Flink does, but nothing supports it. */
  | 'TIMESTAMP_TZ'
  | 'VARIANT'
  | 'BITMAP'
  | 'NULL'

/** Field, unit and interval words, always singular and upper-case. */
export type TimeUnit =
  | 'MILLENNIUM'
  | 'CENTURY'
  | 'DECADE'
  | 'YEAR'
  | 'QUARTER'
  | 'MONTH'
  | 'WEEK'
  | 'DAY'
  | 'HOUR'
  | 'MINUTE'
  | 'SECOND'
  | 'MILLISECOND'
  | 'MICROSECOND'
  | 'NANOSECOND'
  | 'EPOCH'
  | 'DOY'
  | 'DOW'
  | 'ISODOW'
  | 'ISOYEAR'

/** `DAY(3) TO SECOND(6)`. */
export interface IntervalQualifier {
  readonly kind: 'interval-qualifier'
  readonly from: TimeUnit
  readonly to?: TimeUnit
  /** Digits of the leading unit. */
  readonly leadingPrecision?: number
  /** Fractional digits of SECOND. */
  readonly secondPrecision?: number
  readonly span: Span
}

interface TypeBase {
  /** False only where NOT NULL is written. */
  readonly nullable: boolean
  readonly span: Span
}

export interface BasicType extends TypeBase {
  readonly kind: 'basic-type'
  readonly name: BasicTypeName
  /** Length of CHAR, VARCHAR, BINARY, VARBINARY; precision of DECIMAL, TIME, TIMESTAMP…; as written. */
  readonly precision?: number
  readonly scale?: number
}

export interface IntervalType extends TypeBase {
  readonly kind: 'interval-type'
  readonly qualifier: IntervalQualifier
}

export interface ArrayType extends TypeBase {
  readonly kind: 'array-type'
  readonly element: TypeNode
}

export interface MultisetType extends TypeBase {
  readonly kind: 'multiset-type'
  readonly element: TypeNode
}

export interface MapType extends TypeBase {
  readonly kind: 'map-type'
  readonly key: TypeNode
  readonly value: TypeNode
}

export interface RowTypeField {
  readonly kind: 'row-type-field'
  readonly name: Identifier
  readonly type: TypeNode
  readonly comment?: StringLiteral
  readonly span: Span
}

export interface RowType extends TypeBase {
  readonly kind: 'row-type'
  readonly fields: readonly RowTypeField[]
}

export interface StructuredType extends TypeBase {
  readonly kind: 'structured-type'
  readonly className: StringLiteral
  readonly fields: readonly RowTypeField[]
}

export interface RawType extends TypeBase {
  readonly kind: 'raw-type'
  readonly className: StringLiteral
  readonly serializer: StringLiteral
}

export type TypeNode =
  | BasicType
  | IntervalType
  | ArrayType
  | MultisetType
  | MapType
  | RowType
  | StructuredType
  | RawType
