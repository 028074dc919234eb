/** SHOW and DESCRIBE. Follows Flink's pages "SHOW Statements" and "DESCRIBE Statements". */
import type { Describe, LikeFilter, Show, ShowCreate, Statement } from '../ast/statement.ts'
import type { Cursor } from '../cursor.ts'
import { parseObjectName, parseTableName } from './name.ts'
import { parsePartition } from './table-schema.ts'

const OBJECTS = [
  'CATALOGS',
  'DATABASES',
  'TABLES',
  'VIEWS',
  'FUNCTIONS',
  'PROCEDURES',
  'MODELS',
  'MODULES',
  'JARS',
  'JOBS',
  'COLUMNS',
  'PARTITIONS',
  'CURRENT',
  'CREATE',
  'MATERIALIZED',
  'USER',
  'FULL',
] as const

/** What takes neither a scope nor a filter. */
const PLAIN: ReadonlySet<Show['object']> = new Set([
  'MODULES',
  'FULL MODULES',
  'JARS',
  'JOBS',
  'CURRENT CATALOG',
  'CURRENT DATABASE',
])

export function parseShow(c: Cursor): Statement {
  const { start } = c.advance()
  const word = c.expectOneOf(...OBJECTS)
  switch (word) {
    case 'COLUMNS':
      return parseShowColumns(c, start)
    case 'PARTITIONS':
      return parseShowPartitions(c, start)
    case 'CREATE':
      return parseShowCreate(c, start)
    case 'CURRENT':
      return parseShowList(c, start, `CURRENT ${c.expectOneOf('CATALOG', 'DATABASE')}`)
    case 'MATERIALIZED':
      c.expectWord('TABLES')
      return parseShowList(c, start, 'MATERIALIZED TABLES')
    case 'USER':
      c.expectWord('FUNCTIONS')
      return parseShowList(c, start, 'USER FUNCTIONS')
    case 'FULL':
      c.expectWord('MODULES')
      return parseShowList(c, start, 'FULL MODULES')
    default:
      return parseShowList(c, start, word)
  }
}

function parseShowList(c: Cursor, start: number, object: Show['object']): Show {
  if (PLAIN.has(object)) return { kind: 'show', object, span: c.spanFrom(start) }
  const scoped = object !== 'CATALOGS' && c.acceptOneOf('FROM', 'IN') !== undefined
  const scope = scoped ? { scope: parseObjectName(c) } : {}
  return { kind: 'show', object, ...scope, ...parseFilter(c), span: c.spanFrom(start) }
}

/** `[[NOT] {LIKE | ILIKE} 'pattern']`. */
function parseFilter(c: Cursor): { readonly filter?: LikeFilter } {
  const { start } = c.token
  const negated = c.acceptWord('NOT')
  const operator = c.acceptOneOf('LIKE', 'ILIKE')
  if (operator === undefined) return negated ? c.fail('LIKE or ILIKE') : {}
  const pattern = c.string('a pattern as a string in single quotes')
  return { filter: { kind: 'like-filter', operator, negated, pattern, span: c.spanFrom(start) } }
}

function parseShowColumns(c: Cursor, start: number): Statement {
  c.expectOneOf('FROM', 'IN')
  const table = parseTableName(c)
  return { kind: 'show-columns', table, ...parseFilter(c), span: c.spanFrom(start) }
}

function parseShowPartitions(c: Cursor, start: number): Statement {
  const table = parseTableName(c)
  const partition = c.acceptWord('PARTITION') ? parsePartition(c) : []
  return { kind: 'show-partitions', table, partition, span: c.spanFrom(start) }
}

function parseShowCreate(c: Cursor, start: number): ShowCreate {
  const word = c.expectOneOf('TABLE', 'VIEW', 'CATALOG', 'DATABASE', 'FUNCTION', 'MODEL', 'MATERIALIZED')
  if (word === 'MATERIALIZED') c.expectWord('TABLE')
  const object = word === 'MATERIALIZED' ? 'MATERIALIZED TABLE' : word
  return { kind: 'show-create', object, name: parseObjectName(c), span: c.spanFrom(start) }
}

/** `{DESCRIBE | DESC} [CATALOG | DATABASE | FUNCTION | MODEL] [EXTENDED] name`, `{DESCRIBE | DESC} JOB 'id'`. */
export function parseDescribe(c: Cursor): Statement {
  const { start } = c.advance()
  if (c.isWord('JOB') && c.peek(1).kind === 'string') {
    c.advance()
    return { kind: 'describe-job', job: c.string(), span: c.spanFrom(start) }
  }
  const object = parseDescribed(c)
  const extended = c.acceptWord('EXTENDED')
  const name = parseObjectName(c)
  return { kind: 'describe', object, extended, name, span: c.spanFrom(start) }
}

/** CATALOG, DATABASE and MODEL are names of tables too where nothing follows them. */
function parseDescribed(c: Cursor): Describe['object'] {
  const { kind } = c.peek(1)
  const named = kind === 'word' || kind === 'quoted'
  if (named) {
    const object = c.acceptOneOf('CATALOG', 'DATABASE', 'MODEL')
    if (object !== undefined) return object
  }
  return c.acceptOneOf('FUNCTION', 'TABLE') ?? 'TABLE'
}
