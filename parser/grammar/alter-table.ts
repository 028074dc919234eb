/** ALTER TABLE, whose actions ALTER MATERIALIZED TABLE shares. Follows Flink's page "ALTER Statements". */
import type {
  AlterTable,
  AlterTableAction,
  ChangeSchema,
  PartitionDefinition,
  Rename,
  ResetOptions,
  SetOptions,
} from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import {
  acceptIfExists,
  acceptIfNotExists,
  parseObjectName,
  parseProperties,
  parseTableName,
  parseWithOptions,
} from './name.ts'
import { parseDistribution, parsePartition, parseSchemaElement, type SchemaElement } from './table-schema.ts'

/** Behind ALTER TABLE. */
export function parseAlterTable(c: Cursor, start: number): AlterTable {
  const ifExists = acceptIfExists(c)
  const name = parseTableName(c)
  const action = parseTableAction(c) ?? c.fail('ADD, MODIFY, DROP, RENAME, SET or RESET')
  return { kind: 'alter-table', ifExists, name, action, span: c.spanFrom(start) }
}

/** Undefined, with nothing consumed, where no action of tables starts. */
export function parseTableAction(c: Cursor): AlterTableAction | undefined {
  const { start } = c.token
  const verb = c.acceptOneOf('ADD', 'MODIFY', 'DROP', 'RENAME')
  switch (verb) {
    case 'ADD':
    case 'MODIFY':
      return parseAddOrModify(c, start, verb)
    case 'DROP':
      return parseDrop(c, start)
    case 'RENAME':
      return parseRenameAction(c, start)
    case undefined:
      return parseSetOrReset(c)
  }
}

/** `SET ('k' = 'v')` or `RESET ('k')`. */
export function parseSetOrReset(c: Cursor): SetOptions | ResetOptions | undefined {
  const { start } = c.token
  if (c.acceptWord('SET')) return { kind: 'set-options', options: parseProperties(c), span: c.spanFrom(start) }
  if (!c.acceptWord('RESET')) return undefined
  const keys = c.parenthesized((cursor) => cursor.string('an option as a string in single quotes'))
  return { kind: 'reset-options', keys, span: c.spanFrom(start) }
}

function parseAddOrModify(c: Cursor, start: number, verb: ChangeSchema['verb']): AlterTableAction {
  if (c.acceptWord('DISTRIBUTION')) {
    const distribution = parseDistribution(c, start)
    return { kind: 'change-distribution', verb, distribution, span: c.spanFrom(start) }
  }
  if (verb === 'ADD') {
    const ifNotExists = acceptIfNotExists(c)
    if (ifNotExists || c.isWord('PARTITION')) {
      const partitions = parsePartitions(c)
      return { kind: 'add-partitions', ifNotExists, partitions, span: c.spanFrom(start) }
    }
  }
  refuseColumnWord(c, verb)
  const element = (cursor: Cursor): SchemaElement => parseSchemaElement(cursor, true)
  const elements = c.isSymbol('(') ? c.parenthesized(element) : [element(c)]
  return {
    kind: 'change-schema',
    verb,
    columns: elements.filter((part) => part.kind === 'column-change'),
    watermarks: elements.filter((part) => part.kind === 'watermark'),
    constraints: elements.filter((part) => part.kind === 'constraint'),
    span: c.spanFrom(start),
  }
}

/** `PARTITION (…) [WITH (…)] {[,] PARTITION (…) [WITH (…)]}`. */
function parsePartitions(c: Cursor): PartitionDefinition[] {
  const partitions: PartitionDefinition[] = []
  do {
    const { start } = c.token
    c.expectWord('PARTITION')
    const entries = parsePartition(c)
    const options = parseWithOptions(c)
    partitions.push({ kind: 'partition-definition', entries, options, span: c.spanFrom(start) })
  } while (c.acceptSymbol(',') || c.isWord('PARTITION'))
  return partitions
}

function parseDrop(c: Cursor, start: number): AlterTableAction {
  const ifExists = acceptIfExists(c)
  if (ifExists || c.isWord('PARTITION')) {
    const partitions = parsePartitions(c)
    return { kind: 'drop-partitions', ifExists, partitions, span: c.spanFrom(start) }
  }
  if (c.acceptWord('PRIMARY')) {
    c.expectWord('KEY')
    return { kind: 'drop-primary-key', span: c.spanFrom(start) }
  }
  if (c.acceptWord('CONSTRAINT')) {
    const name = c.identifier('the name of the constraint')
    return { kind: 'drop-constraint', name, span: c.spanFrom(start) }
  }
  if (c.acceptWord('WATERMARK')) return { kind: 'drop-watermark', span: c.spanFrom(start) }
  if (c.acceptWord('DISTRIBUTION')) return { kind: 'drop-distribution', span: c.spanFrom(start) }
  refuseColumnWord(c, 'DROP')
  const column = (cursor: Cursor) => parseObjectName(cursor, 'the name of a column')
  const columns = c.isSymbol('(') ? c.parenthesized(column) : [column(c)]
  return { kind: 'drop-columns', columns, span: c.spanFrom(start) }
}

/** A word that other dialects have here. */
function refuseColumnWord(c: Cursor, verb: string): void {
  if (c.token.kind === 'word' && c.token.text === 'COLUMN') {
    c.fail('the name of a column', `Leave the word out: ${verb} and the column.`)
  }
}

/** `RENAME TO t2` or `RENAME c TO c2`. */
function parseRenameAction(c: Cursor, start: number): AlterTableAction {
  if (c.acceptWord('TO')) return { kind: 'rename', to: parseTableName(c), span: c.spanFrom(start) }
  const from = parseObjectName(c, 'TO or the name of a column')
  c.expectWord('TO')
  const to = parseObjectName(c, 'the name of a column')
  return { kind: 'rename-column', from, to, span: c.spanFrom(start) }
}

/** `RENAME TO name`. */
export function parseRename(c: Cursor): Rename {
  const { start } = c.token
  c.expectWords('RENAME', 'TO')
  const to = parseObjectName(c)
  return { kind: 'rename', to, span: c.spanFrom(start) }
}
