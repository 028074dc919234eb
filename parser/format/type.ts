import { unreachable } from '../../core/errors.ts'
import type { BasicType, IntervalQualifier, RowTypeField, TypeNode } from '../ast/type.ts'
import { formatIdentifier, formatString, list, words } from './name.ts'

/** Canonical text of a data type: `ROW<a INT NOT NULL, b ARRAY<STRING>>`. */
export function formatType(type: TypeNode): string {
  const name = formatTypeName(type)
  return type.nullable ? name : `${name} NOT NULL`
}

function formatTypeName(type: TypeNode): string {
  switch (type.kind) {
    case 'basic-type':
      return formatBasicType(type)
    case 'interval-type':
      return `INTERVAL ${formatQualifier(type.qualifier)}`
    case 'array-type':
      return `ARRAY<${formatType(type.element)}>`
    case 'multiset-type':
      return `MULTISET<${formatType(type.element)}>`
    case 'map-type':
      return `MAP<${formatType(type.key)}, ${formatType(type.value)}>`
    case 'row-type':
      return `ROW<${list(type.fields, formatField)}>`
    case 'structured-type':
      return `STRUCTURED<${[formatString(type.className), ...type.fields.map(formatField)].join(', ')}>`
    case 'raw-type':
      return `RAW(${formatString(type.className)}, ${formatString(type.serializer)})`
    default:
      return unreachable(type)
  }
}

function formatField({ name, type, comment }: RowTypeField): string {
  return words(formatIdentifier(name), formatType(type), comment && `COMMENT ${formatString(comment)}`)
}

function formatBasicType({ name, precision, scale }: BasicType): string {
  const numbers = precision === undefined ? '' : scale === undefined ? `(${precision})` : `(${precision}, ${scale})`
  return name === 'TIMESTAMP_TZ' ? `TIMESTAMP${numbers} WITH TIME ZONE` : name + numbers
}

export function formatQualifier(qualifier: IntervalQualifier): string {
  const { from, to, leadingPrecision, secondPrecision } = qualifier
  const fraction = secondPrecision === undefined ? '' : `(${secondPrecision})`
  if (to !== undefined)
    return `${from}${leadingPrecision === undefined ? '' : `(${leadingPrecision})`} TO ${to}${fraction}`
  if (leadingPrecision === undefined) return from
  return secondPrecision === undefined
    ? `${from}(${leadingPrecision})`
    : `${from}(${leadingPrecision}, ${secondPrecision})`
}
