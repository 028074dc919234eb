/** CREATE, REPLACE, DROP and ANALYZE of tables. Follows Flink's pages "CREATE Statements", "DROP", "ANALYZE". */
import type {
  AnalyzeTable,
  CreateTable,
  Distribution,
  DropTable,
  TableLike,
  TableLikeOption,
} from '../ast/definition.ts'
import type { Identifier } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'
import {
  acceptIfExists,
  acceptIfNotExists,
  parseColumnName,
  parseComment,
  parseTableName,
  parseWithOptions,
} from './name.ts'
import { parseDistribution, parsePartition, parseTableSchema } from './table-schema.ts'

/** Behind CREATE [TEMPORARY] TABLE, [CREATE OR] REPLACE TABLE. */
export function parseCreateTable(c: Cursor, start: number, mode: CreateTable['mode'], temporary: boolean): CreateTable {
  const ifNotExists = mode === 'CREATE' && acceptIfNotExists(c)
  const name = parseTableName(c)
  const schemaToken = c.token
  const schema = parseTableSchema(c)
  const layout = parseLayout(c)
  const tail = parseLikeOrQuery(c)
  if (mode !== 'CREATE' && tail.query === undefined) return c.fail('AS and a query, which REPLACE TABLE needs')
  if (schema.columnOrder !== undefined && tail.query === undefined) {
    c.refuse('columns without a type need a query, AS SELECT …', schemaToken)
  }
  return {
    kind: 'create-table',
    mode,
    temporary,
    ifNotExists,
    name,
    ...schema,
    ...layout,
    ...tail,
    span: c.spanFrom(start),
  }
}

/** `[COMMENT] [DISTRIBUTED …] [PARTITIONED BY (…)] [WITH (…)]`. */
export function parseLayout(c: Cursor): Pick<CreateTable, 'comment' | 'distribution' | 'partitionedBy' | 'options'> {
  const comment = parseComment(c)
  const distribution = parseDistributed(c)
  let partitionedBy: Identifier[] = []
  if (c.acceptWord('PARTITIONED')) {
    c.expectWord('BY')
    partitionedBy = c.parenthesized(parseColumnName)
  }
  const options = parseWithOptions(c)
  return { ...comment, ...distribution, partitionedBy, options }
}

function parseDistributed(c: Cursor): { readonly distribution?: Distribution } {
  const { start } = c.token
  return c.acceptWord('DISTRIBUTED') ? { distribution: parseDistribution(c, start) } : {}
}

function parseLikeOrQuery(c: Cursor): Pick<CreateTable, 'like' | 'query'> {
  if (c.isWord('LIKE')) return { like: parseLike(c) }
  return c.acceptWord('AS') ? { query: c.query() } : {}
}

function parseLike(c: Cursor): TableLike {
  const { start } = c.advance()
  const source = parseTableName(c)
  const options: TableLikeOption[] = []
  if (c.acceptSymbol('(')) {
    while (!c.isSymbol(')')) options.push(parseLikeOption(c))
    c.expectSymbol(')')
  }
  return { kind: 'table-like', source, options, span: c.spanFrom(start) }
}

function parseLikeOption(c: Cursor): TableLikeOption {
  const { start } = c.token
  const merging = c.expectOneOf('INCLUDING', 'EXCLUDING', 'OVERWRITING')
  const overridable = ['GENERATED', 'METADATA', 'OPTIONS', 'WATERMARKS'] as const
  const feature =
    merging === 'OVERWRITING'
      ? c.expectOneOf(...overridable)
      : c.expectOneOf('ALL', 'CONSTRAINTS', 'DISTRIBUTION', 'PARTITIONS', ...overridable)
  return { kind: 'table-like-option', merging, feature, span: c.spanFrom(start) }
}

export function parseDropTable(c: Cursor, start: number, temporary: boolean): DropTable {
  const ifExists = acceptIfExists(c)
  const name = parseTableName(c)
  return { kind: 'drop-table', temporary, ifExists, name, span: c.spanFrom(start) }
}

export function parseAnalyze(c: Cursor): AnalyzeTable {
  const { start } = c.advance()
  c.expectWord('TABLE')
  const name = parseTableName(c)
  const partition = c.acceptWord('PARTITION') ? parsePartition(c, true) : []
  c.expectWords('COMPUTE', 'STATISTICS')
  let columns: Identifier[] = []
  let allColumns = false
  if (c.acceptWord('FOR')) {
    if (c.acceptWord('ALL')) {
      c.expectWord('COLUMNS')
      allColumns = true
    } else {
      c.expectWord('COLUMNS')
      columns = c.list(parseColumnName)
    }
  }
  return { kind: 'analyze-table', name, partition, allColumns, columns, span: c.spanFrom(start) }
}
