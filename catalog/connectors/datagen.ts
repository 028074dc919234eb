/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/datagen/ */
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { mapTypes, type SqlType, typeToString } from '../../core/types.ts'
import { type ConnectorDescriptor, INSERT_ONLY } from '../connector.ts'
import type { CatalogTable } from '../table.ts'
import { SCAN_PARALLELISM } from './parallelism.ts'

export const DATAGEN: ConnectorDescriptor = {
  name: 'datagen',
  title: 'DataGen',
  description: 'Makes rows of random values or of sequences.',
  options: [
    {
      key: 'rows-per-second',
      type: 'long',
      default: '10000',
      description: 'Rows a second, over all subtasks.',
    },
    {
      key: 'number-of-rows',
      type: 'long',
      description: 'Rows to make before the source ends; absent: it never ends, unless a sequence does.',
    },
    SCAN_PARALLELISM,
    {
      key: 'fields.#.kind',
      type: 'enum',
      values: ['random', 'sequence'],
      default: 'random',
      description: 'How the values of the column are made.',
    },
    { key: 'fields.#.min', type: 'string', description: "Least random value; default: the type's least." },
    { key: 'fields.#.max', type: 'string', description: "Greatest random value; default: the type's greatest." },
    {
      key: 'fields.#.max-past',
      type: 'duration',
      default: '0',
      description: 'Random timestamps and dates lie at most this far back; 0: the current time.',
    },
    {
      key: 'fields.#.length',
      type: 'int',
      description: 'Length of random text and bytes (default 100) and size of collections (default 3).',
    },
    {
      key: 'fields.#.var-len',
      type: 'boolean',
      default: 'false',
      description: 'Whether text and bytes have random lengths of 1 up to the length.',
    },
    { key: 'fields.#.start', type: 'string', description: 'First value of a sequence.' },
    { key: 'fields.#.end', type: 'string', description: 'Last value of a sequence; the source ends behind it.' },
    {
      key: 'fields.#.null-rate',
      type: 'double',
      default: '0',
      description: 'Share of random values that are NULL, 0 to 1.',
    },
  ],
  metadata: [],
  source: {
    changelogMode: () => INSERT_ONLY,
    isBounded: (table, options) => options.has('number-of-rows') || sequences(table, options).length > 0,
    guarantee: 'none',
    projectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  validate(table, options) {
    if (options.long('rows-per-second') < 1n) {
      throw new MillraceError('INVALID_OPTION', 'option "rows-per-second" must be at least 1')
    }
    const paths = new Set(
      table.columns.flatMap((column) => (column.kind === 'physical' ? fieldPaths(column.name, column.type) : [])),
    )
    for (const key of options.prefixed('fields.').keys()) {
      const path = key.slice(0, key.lastIndexOf('.'))
      if (paths.has(path)) continue
      throw new MillraceError('UNKNOWN_OPTION', `option "fields.${key}" names no column`, {
        hint: `The columns are: ${[...paths].join(', ')}.`,
      })
    }
    for (const name of sequences(table, options)) requireSequence(table, options, name)
  },
  example: `CREATE TABLE orders (
  id BIGINT,
  customer INT,
  amount DOUBLE,
  ordered_at TIMESTAMP(3)
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '10',
  'fields.id.kind' = 'sequence',
  'fields.id.start' = '1',
  'fields.id.end' = '1000',
  'fields.customer.min' = '1',
  'fields.customer.max' = '20'
)`,
}

/** Columns of the table that are sequences. */
function sequences(table: CatalogTable, options: OptionValues): string[] {
  return table.columns
    .filter((column) => column.kind === 'physical' && options.enum(`fields.${column.name}.kind`) === 'sequence')
    .map((column) => column.name)
}

/** The names under which the values in a column can be given options: `a`, `a.b` in a ROW, `a.element` in an ARRAY. */
function fieldPaths(path: string, type: SqlType): string[] {
  if (type.kind === 'ROW')
    return [path, ...type.fields.flatMap((field) => fieldPaths(`${path}.${field.name}`, field.type))]
  if (type.kind === 'ARRAY' || type.kind === 'MULTISET') return [path, ...fieldPaths(`${path}.element`, type.element)]
  const pair = mapTypes(type)
  return pair === undefined
    ? [path]
    : [path, ...fieldPaths(`${path}.key`, pair.key), ...fieldPaths(`${path}.value`, pair.value)]
}

const SEQUENCE_KINDS = new Set<SqlType['kind']>([
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'DECIMAL',
  'CHAR',
  'VARCHAR',
])

function requireSequence(table: CatalogTable, options: OptionValues, name: string): void {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column?.kind === 'physical' && !SEQUENCE_KINDS.has(column.type.kind)) {
    throw new MillraceError(
      'INVALID_OPTION',
      `column "${name}" of type ${typeToString(column.type)} cannot be a sequence`,
    )
  }
  const [start, end] = ['start', 'end'].map((part) => requireBound(options, `fields.${name}.${part}`))
  if (start !== undefined && end !== undefined && start > end) {
    throw new MillraceError('INVALID_OPTION', `the sequence of column "${name}" starts behind its end`)
  }
}

function requireBound(options: OptionValues, key: string): bigint {
  const text = options.optionalString(key)
  if (text === undefined) {
    throw new MillraceError('MISSING_OPTION', `a sequence needs option "${key}"`, {
      hint: `Add '${key}' = '…' to WITH (…).`,
    })
  }
  if (!/^[+-]?\d+$/.test(text.trim())) {
    throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, {
      detail: 'It takes a whole number.',
    })
  }
  return BigInt(text.trim())
}
