/** Data types. Follows Flink's page "Data Types" and its parser's ExtendedDataType. */
import { didYouMean } from '../../core/suggest.ts'
import type { BasicTypeName, RowTypeField, TypeNode } from '../ast/type.ts'
import type { Cursor } from '../cursor.ts'
import { parseComment } from './name.ts'
import { parseIntervalQualifier } from './time-unit.ts'

/** What may follow the word in parentheses. */
type Arguments = 'none' | 'length' | 'precision-scale'

interface TypeWord {
  readonly name: BasicTypeName
  readonly arguments: Arguments
}

const TYPE_WORDS: ReadonlyMap<string, TypeWord> = new Map([
  ['CHAR', { name: 'CHAR', arguments: 'length' }],
  ['CHARACTER', { name: 'CHAR', arguments: 'length' }],
  ['VARCHAR', { name: 'VARCHAR', arguments: 'length' }],
  ['STRING', { name: 'STRING', arguments: 'none' }],
  ['BOOLEAN', { name: 'BOOLEAN', arguments: 'none' }],
  ['BINARY', { name: 'BINARY', arguments: 'length' }],
  ['VARBINARY', { name: 'VARBINARY', arguments: 'length' }],
  ['BYTES', { name: 'BYTES', arguments: 'none' }],
  ['DECIMAL', { name: 'DECIMAL', arguments: 'precision-scale' }],
  ['DEC', { name: 'DECIMAL', arguments: 'precision-scale' }],
  ['NUMERIC', { name: 'DECIMAL', arguments: 'precision-scale' }],
  ['TINYINT', { name: 'TINYINT', arguments: 'none' }],
  ['SMALLINT', { name: 'SMALLINT', arguments: 'none' }],
  ['INT', { name: 'INT', arguments: 'none' }],
  ['INTEGER', { name: 'INT', arguments: 'none' }],
  ['BIGINT', { name: 'BIGINT', arguments: 'none' }],
  ['FLOAT', { name: 'FLOAT', arguments: 'none' }],
  ['REAL', { name: 'FLOAT', arguments: 'none' }],
  ['DOUBLE', { name: 'DOUBLE', arguments: 'none' }],
  ['DATE', { name: 'DATE', arguments: 'none' }],
  ['TIME', { name: 'TIME', arguments: 'length' }],
  ['TIMESTAMP', { name: 'TIMESTAMP', arguments: 'length' }],
  ['TIMESTAMP_LTZ', { name: 'TIMESTAMP_LTZ', arguments: 'length' }],
  ['VARIANT', { name: 'VARIANT', arguments: 'none' }],
  ['BITMAP', { name: 'BITMAP', arguments: 'none' }],
  ['NULL', { name: 'NULL', arguments: 'none' }],
])

const TYPE_NAMES = [...TYPE_WORDS.keys(), 'ARRAY', 'MULTISET', 'MAP', 'ROW', 'INTERVAL', 'RAW', 'STRUCTURED']

/** Whether a type begins here, and not a name. */
export function isTypeWord(c: Cursor): boolean {
  return c.token.kind === 'word' && TYPE_NAMES.includes(c.token.text)
}

/** `T [NOT NULL | NULL] {ARRAY | MULTISET}`. */
export function parseType(c: Cursor): TypeNode {
  c.enter()
  const { start } = c.token
  let type = withNullability(c, start, parseTypeName(c))
  for (;;) {
    const collection = c.acceptOneOf('ARRAY', 'MULTISET')
    if (collection === undefined) break
    c.deepen()
    const kind = collection === 'ARRAY' ? 'array-type' : 'multiset-type'
    type = withNullability(c, start, { kind, element: type, nullable: true, span: c.spanFrom(start) })
  }
  c.leave()
  return type
}

function withNullability(c: Cursor, start: number, type: TypeNode): TypeNode {
  if (c.acceptWords('NOT', 'NULL')) return { ...type, nullable: false, span: c.spanFrom(start) }
  if (c.acceptWord('NULL')) return { ...type, span: c.spanFrom(start) }
  return type
}

function parseTypeName(c: Cursor): TypeNode {
  const { kind, text, start } = c.token
  if (kind !== 'word') return c.fail('a data type')
  switch (text) {
    case 'ARRAY':
    case 'MULTISET': {
      c.advance()
      c.expectSymbol('<')
      const element = parseType(c)
      c.expectSymbol('>')
      const node = { element, nullable: true, span: c.spanFrom(start) }
      return text === 'ARRAY' ? { kind: 'array-type', ...node } : { kind: 'multiset-type', ...node }
    }
    case 'MAP':
      return parseMapType(c)
    case 'ROW':
      return parseRowType(c)
    case 'INTERVAL': {
      c.advance()
      const qualifier = parseIntervalQualifier(c)
      return { kind: 'interval-type', qualifier, nullable: true, span: c.spanFrom(start) }
    }
    case 'RAW':
      return parseRawType(c)
    case 'STRUCTURED':
      return parseStructuredType(c)
    default:
      return parseBasicType(c)
  }
}

function parseMapType(c: Cursor): TypeNode {
  const { start } = c.advance()
  c.expectSymbol('<')
  const key = parseType(c)
  c.expectSymbol(',')
  const value = parseType(c)
  c.expectSymbol('>')
  return { kind: 'map-type', key, value, nullable: true, span: c.spanFrom(start) }
}

/** `ROW<a INT, …>` or `ROW(a INT, …)`; `ROW<>` has no field. */
function parseRowType(c: Cursor): TypeNode {
  const { start } = c.advance()
  let fields: RowTypeField[] = []
  if (c.acceptSymbol('(')) {
    fields = c.list(parseRowTypeField)
    c.expectSymbol(')')
  } else if (!c.acceptSymbol('<>')) {
    c.expectSymbol('<')
    fields = c.list(parseRowTypeField)
    c.expectSymbol('>')
  }
  return { kind: 'row-type', fields, nullable: true, span: c.spanFrom(start) }
}

function parseRowTypeField(c: Cursor): RowTypeField {
  const { start } = c.token
  const name = c.identifier('the name of a field')
  const type = parseType(c)
  const comment = c.atString ? { comment: c.string() } : parseComment(c)
  return { kind: 'row-type-field', name, type, ...comment, span: c.spanFrom(start) }
}

function parseRawType(c: Cursor): TypeNode {
  const { start } = c.advance()
  c.expectSymbol('(')
  const className = c.string('the class of the RAW type as a string')
  c.expectSymbol(',')
  const serializer = c.string('the serializer of the RAW type as a string')
  c.expectSymbol(')')
  return { kind: 'raw-type', className, serializer, nullable: true, span: c.spanFrom(start) }
}

function parseStructuredType(c: Cursor): TypeNode {
  const { start } = c.advance()
  c.expectSymbol('<')
  const className = c.string('the class of the STRUCTURED type as a string')
  const fields: RowTypeField[] = []
  while (c.acceptSymbol(',')) fields.push(parseRowTypeField(c))
  c.expectSymbol('>')
  return { kind: 'structured-type', className, fields, nullable: true, span: c.spanFrom(start) }
}

function parseBasicType(c: Cursor): TypeNode {
  const { text, start } = c.token
  const word = TYPE_WORDS.get(text)
  if (word === undefined) {
    const written = c.sql.slice(c.token.start, c.token.end)
    return c.refuse(`"${written}" is not a data type`, c.token, didYouMean(text, TYPE_NAMES))
  }
  c.advance()
  let { name } = word
  if (name === 'DOUBLE') c.acceptWord('PRECISION')
  if ((text === 'CHAR' || text === 'CHARACTER') && c.acceptWord('VARYING')) name = 'VARCHAR'
  if (text === 'BINARY' && c.acceptWord('VARYING')) name = 'VARBINARY'
  const numbers = word.arguments === 'none' ? {} : parseNumbers(c, word.arguments === 'precision-scale')
  if (name === 'TIME' || name === 'TIMESTAMP') name = parseTimeZone(c, name)
  return { kind: 'basic-type', name, ...numbers, nullable: true, span: c.spanFrom(start) }
}

function parseNumbers(c: Cursor, scaled: boolean): { readonly precision?: number; readonly scale?: number } {
  if (!c.acceptSymbol('(')) return {}
  const precision = c.integer('a length or precision')
  const scale = scaled && c.acceptSymbol(',') ? { scale: c.integer('a scale') } : {}
  c.expectSymbol(')')
  return { precision, ...scale }
}

function parseTimeZone(c: Cursor, name: 'TIME' | 'TIMESTAMP'): BasicTypeName {
  if (c.acceptWords('WITHOUT', 'TIME', 'ZONE')) return name
  if (name === 'TIMESTAMP') {
    if (c.acceptWords('WITH', 'LOCAL', 'TIME', 'ZONE')) return 'TIMESTAMP_LTZ'
    if (c.acceptWords('WITH', 'TIME', 'ZONE')) return 'TIMESTAMP_TZ'
  }
  return name
}
