/**
 * Data types as written → SqlType, with Flink's defaults and limits
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/).
 */
import { MillraceError, unreachable } from '../../core/errors.ts'
import {
  type Field,
  MAX_DECIMAL_PRECISION,
  MAX_LENGTH,
  type SqlType,
  typeToString,
  withNullability,
} from '../../core/types.ts'
import {
  type BasicType,
  type IntervalQualifier,
  positionOf,
  type RowTypeField,
  type TypeNode,
} from '../../parser/ast.ts'

const YEAR_MONTH_UNITS: readonly string[] = ['YEAR', 'QUARTER', 'MONTH']

/**
 * @param sql the text the node comes from, for positions of errors; without it they have none
 * @throws MillraceError INVALID_DEFINITION (a length or precision out of range), UNSUPPORTED_FEATURE
 */
export function bindType(node: TypeNode, sql?: string): SqlType {
  return withNullability(bindNullable(node, sql), node.nullable)
}

function bindNullable(node: TypeNode, sql: string | undefined): SqlType {
  switch (node.kind) {
    case 'basic-type':
      return bindBasic(node, sql)
    case 'interval-type':
      return { kind: intervalKind(node.qualifier), nullable: true }
    case 'array-type':
      return { kind: 'ARRAY', element: bindType(node.element, sql), nullable: true }
    case 'multiset-type':
      return { kind: 'MULTISET', element: bindType(node.element, sql), nullable: true }
    case 'map-type':
      return { kind: 'MAP', key: bindType(node.key, sql), value: bindType(node.value, sql), nullable: true }
    case 'row-type':
    case 'structured-type':
      return { kind: 'ROW', fields: node.fields.map((field) => bindField(field, sql)), nullable: true }
    case 'raw-type':
      return { kind: 'RAW', text: `RAW('${node.className.value}', '${node.serializer.value}')`, nullable: true }
    default:
      return unreachable(node)
  }
}

function bindField(field: RowTypeField, sql: string | undefined): Field {
  const type = bindType(field.type, sql)
  if (field.comment === undefined) return { name: field.name.name, type }
  return { name: field.name.name, type, description: field.comment.value }
}

export function intervalKind(qualifier: IntervalQualifier): 'INTERVAL_YEAR_MONTH' | 'INTERVAL_DAY_TIME' {
  return YEAR_MONTH_UNITS.includes(qualifier.from) ? 'INTERVAL_YEAR_MONTH' : 'INTERVAL_DAY_TIME'
}

function bindBasic(node: BasicType, sql: string | undefined): SqlType {
  const { name, precision } = node
  switch (name) {
    case 'CHAR':
    case 'BINARY':
    case 'VARCHAR':
    case 'VARBINARY': {
      const fallback = name === 'CHAR' || name === 'BINARY' ? 1 : MAX_LENGTH
      const length = within(node, sql, precision ?? fallback, 1, MAX_LENGTH, 'length')
      return { kind: name, length, nullable: true }
    }
    case 'STRING':
      return { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
    case 'BYTES':
      return { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }
    case 'DECIMAL': {
      const digits = within(node, sql, precision ?? 10, 1, MAX_DECIMAL_PRECISION, 'precision')
      return {
        kind: 'DECIMAL',
        precision: digits,
        scale: within(node, sql, node.scale ?? 0, 0, digits, 'scale'),
        nullable: true,
      }
    }
    case 'TIME':
      return { kind: 'TIME', precision: within(node, sql, precision ?? 0, 0, 9, 'precision'), nullable: true }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return { kind: name, precision: within(node, sql, precision ?? 6, 0, 9, 'precision'), nullable: true }
    case 'TIMESTAMP_TZ':
      throw typeError(node, sql, 'UNSUPPORTED_FEATURE', 'type TIMESTAMP WITH TIME ZONE is not supported', {
        hint: 'TIMESTAMP_LTZ (TIMESTAMP WITH LOCAL TIME ZONE) holds an instant.',
      })
    case 'VARIANT':
    case 'BITMAP':
      return { kind: name, text: name, nullable: true }
    default:
      return { kind: name, nullable: true }
  }
}

function within(
  node: BasicType,
  sql: string | undefined,
  value: number,
  low: number,
  high: number,
  what: string,
): number {
  if (value >= low && value <= high) return value
  throw typeError(node, sql, 'INVALID_DEFINITION', `${what} ${value} of ${node.name} is out of range`, {
    detail: `The ${what} of ${node.name} is between ${low} and ${high}.`,
  })
}

function typeError(
  node: TypeNode,
  sql: string | undefined,
  code: 'INVALID_DEFINITION' | 'UNSUPPORTED_FEATURE',
  message: string,
  options: { readonly detail?: string; readonly hint?: string },
): MillraceError {
  return new MillraceError(code, message, {
    ...options,
    position: sql === undefined ? undefined : positionOf(sql, node.span),
  })
}

/** Without the mark of a time attribute: what an expression over it yields. */
export function withoutTimeAttribute(type: SqlType): SqlType {
  if ((type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') || type.timeAttribute === undefined) return type
  return { kind: type.kind, precision: type.precision, nullable: type.nullable }
}

export function timeAttributeOf(type: SqlType): 'rowtime' | 'proctime' | undefined {
  return type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ' ? type.timeAttribute : undefined
}

/** `(INT, STRING NOT NULL)`, for messages. */
export function typeList(types: readonly SqlType[]): string {
  return `(${types.map((type) => typeToString(withoutTimeAttribute(type))).join(', ')})`
}
