/** The parts of a table definition: columns, watermarks, constraints, distribution, partitions. */
import type {
  ColumnChange,
  ColumnDefinition,
  ColumnPosition,
  Distribution,
  PartitionEntry,
  PhysicalColumn,
  TableConstraint,
  Watermark,
} from '../ast/definition.ts'
import type { Identifier } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'
import { parseColumnName, parseComment, parseObjectName } from './name.ts'
import { parseType } from './type.ts'

interface TableSchema {
  readonly columns: readonly ColumnDefinition[]
  readonly watermarks: readonly Watermark[]
  readonly constraints: readonly TableConstraint[]
  /** Names alone: an order for the columns of a query. */
  readonly columnOrder?: readonly Identifier[]
}

export type SchemaElement = ColumnChange | Watermark | TableConstraint

/**
 * `(column, …, WATERMARK FOR …, PRIMARY KEY …)` or `(a, b, c)`; an empty schema where no parenthesis follows.
 */
export function parseTableSchema(c: Cursor): TableSchema {
  if (!c.acceptSymbol('(')) return { columns: [], watermarks: [], constraints: [] }
  if (c.atName && (c.isSymbolAt(1, ',') || c.isSymbolAt(1, ')'))) {
    const columnOrder = c.list(parseColumnName)
    if (!c.isSymbol(')')) c.refuse('either all columns have a type or none has', c.token)
    c.expectSymbol(')')
    return { columns: [], watermarks: [], constraints: [], columnOrder }
  }
  const elements = c.list((cursor) => parseSchemaElement(cursor, false))
  c.expectSymbol(')')
  return {
    columns: elements.flatMap((element) => (element.kind === 'column-change' ? [element.column] : [])),
    watermarks: elements.filter((element) => element.kind === 'watermark'),
    constraints: elements.filter((element) => element.kind === 'constraint'),
  }
}

/** @param positioned whether FIRST or AFTER may follow a column (ALTER TABLE) */
export function parseSchemaElement(c: Cursor, positioned: boolean): SchemaElement {
  if (c.isWord('WATERMARK')) return parseWatermark(c)
  if (c.isWord('CONSTRAINT') || c.isWord('PRIMARY') || c.isWord('UNIQUE')) return parseConstraint(c)
  const { start } = c.token
  const column = parseColumn(c)
  const position = positioned ? parsePosition(c) : undefined
  return { kind: 'column-change', column, ...(position === undefined ? {} : { position }), span: c.spanFrom(start) }
}

function parsePosition(c: Cursor): ColumnPosition | undefined {
  const { start } = c.token
  if (c.acceptWord('FIRST')) return { kind: 'column-position', span: c.spanFrom(start) }
  if (!c.acceptWord('AFTER')) return undefined
  const after = parseColumnName(c)
  return { kind: 'column-position', after, span: c.spanFrom(start) }
}

/** `WATERMARK FOR column AS expression`. */
function parseWatermark(c: Cursor): Watermark {
  const { start } = c.advance()
  c.expectWord('FOR')
  const column = parseObjectName(c, 'the name of a column')
  c.expectWord('AS')
  const expression = c.expression()
  return { kind: 'watermark', column, expression, span: c.spanFrom(start) }
}

/** `[CONSTRAINT name] {PRIMARY KEY | UNIQUE} (columns) [[NOT] ENFORCED]`. */
function parseConstraint(c: Cursor): TableConstraint {
  const { start } = c.token
  const name = c.acceptWord('CONSTRAINT') ? { name: c.identifier('the name of the constraint') } : {}
  const type = parseConstraintType(c)
  const columns = c.parenthesized(parseColumnName)
  const enforced = parseEnforced(c)
  return { kind: 'constraint', type, ...name, columns, ...enforced, span: c.spanFrom(start) }
}

function parseConstraintType(c: Cursor): TableConstraint['type'] {
  if (c.expectOneOf('PRIMARY', 'UNIQUE') === 'UNIQUE') return 'UNIQUE'
  c.expectWord('KEY')
  return 'PRIMARY KEY'
}

function parseEnforced(c: Cursor): Pick<TableConstraint, 'enforced'> {
  if (c.acceptWords('NOT', 'ENFORCED')) return { enforced: false }
  return c.acceptWord('ENFORCED') ? { enforced: true } : {}
}

/** A physical, metadata or computed column. */
function parseColumn(c: Cursor): ColumnDefinition {
  const { start } = c.token
  const name = parseColumnName(c)
  if (c.acceptWord('AS')) {
    const expression = c.expression()
    return { kind: 'computed-column', name, expression, ...parseComment(c), span: c.spanFrom(start) }
  }
  return parseTypedColumn(c, name, start)
}

/** `name TYPE [COMMENT 'text']`, without key or metadata: the columns of a model. */
export function parseModelColumn(c: Cursor): PhysicalColumn {
  const { start } = c.token
  const name = parseColumnName(c)
  const type = parseType(c)
  return { kind: 'physical-column', name, type, ...parseComment(c), span: c.spanFrom(start) }
}

function parseTypedColumn(c: Cursor, name: Identifier, start: number): ColumnDefinition {
  const type = parseType(c)
  if (c.acceptWord('METADATA')) {
    let from = {}
    if (c.acceptWord('FROM')) from = { from: parseMetadataKey(c) }
    const virtual = c.acceptWord('VIRTUAL')
    return { kind: 'metadata-column', name, type, ...from, virtual, ...parseComment(c), span: c.spanFrom(start) }
  }
  const constraint = parseColumnConstraint(c, name)
  return { kind: 'physical-column', name, type, ...constraint, ...parseComment(c), span: c.spanFrom(start) }
}

/** A string; a name in backticks is taken too. */
function parseMetadataKey(c: Cursor) {
  if (c.token.kind !== 'quoted') return c.string('the metadata key as a string in single quotes')
  const { name, span } = c.identifier()
  return { kind: 'string' as const, value: name, span }
}

/** `[CONSTRAINT name] {PRIMARY KEY | UNIQUE} [[NOT] ENFORCED]` behind a column's type. */
function parseColumnConstraint(c: Cursor, column: Identifier): Pick<PhysicalColumn, 'constraint'> {
  if (!c.isWord('CONSTRAINT') && !c.isWord('PRIMARY') && !c.isWord('UNIQUE')) return {}
  const { start } = column.span
  const name = c.acceptWord('CONSTRAINT') ? { name: c.identifier('the name of the constraint') } : {}
  const type = parseConstraintType(c)
  const enforced = parseEnforced(c)
  return { constraint: { kind: 'constraint', type, ...name, columns: [column], ...enforced, span: c.spanFrom(start) } }
}

/** `{HASH | RANGE} (columns) [INTO n BUCKETS]`, `(columns) …` or `INTO n BUCKETS`, behind DISTRIBUTED / DISTRIBUTION. */
export function parseDistribution(c: Cursor, start: number): Distribution {
  if (c.acceptWord('INTO')) return { kind: 'distribution', columns: [], ...parseBuckets(c), span: c.spanFrom(start) }
  if (!c.acceptWord('BY')) return c.fail('BY or INTO')
  const method = parseMethod(c)
  const columns = c.parenthesized(parseColumnName)
  const buckets = c.acceptWord('INTO') ? parseBuckets(c) : {}
  return { kind: 'distribution', ...method, columns, ...buckets, span: c.spanFrom(start) }
}

function parseMethod(c: Cursor): Pick<Distribution, 'method'> {
  if (c.isSymbol('(')) return {}
  return { method: c.expectOneOf('HASH', 'RANGE') }
}

function parseBuckets(c: Cursor): Pick<Distribution, 'buckets'> {
  const buckets = c.integer('the number of buckets, a positive whole number')
  c.expectWord('BUCKETS')
  return { buckets }
}

/**
 * `PARTITION (p = 'v', …)`; the cursor stands behind PARTITION.
 *
 * @param bare whether a column may stand without a value (ANALYZE)
 */
export function parsePartition(c: Cursor, bare = false): PartitionEntry[] {
  return c.parenthesized((cursor) => parsePartitionEntry(cursor, bare))
}

function parsePartitionEntry(c: Cursor, bare: boolean): PartitionEntry {
  const { start } = c.token
  const column = c.identifier('the name of a partition column')
  if (bare && !c.isSymbol('=')) return { kind: 'partition-entry', column, span: column.span }
  c.expectSymbol('=')
  const value = c.expression()
  return { kind: 'partition-entry', column, value, span: c.spanFrom(start) }
}
