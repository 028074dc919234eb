/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/jdbc/ */
import { MillraceError } from '../../core/errors.ts'
import type { OptionSpec, OptionValues } from '../../core/options.ts'
import { LOOKUP_OPTIONS, lookupCacheOptions } from '../lookup-options.ts'
import { type ConnectorDescriptor, INSERT_ONLY, UPSERT } from '../connector.ts'
import { SINK_PARALLELISM } from './parallelism.ts'

const CONNECTION_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'url',
    type: 'string',
    required: true,
    description:
      'jdbc:postgresql://host:port/database, with parameters user, password, sslmode, currentSchema, ApplicationName, connectTimeout and options behind a `?`.',
  },
  {
    key: 'table-name',
    type: 'string',
    required: true,
    description: 'Table, or schema.table; parts in double quotes are taken as they are, others in lower case.',
  },
  {
    key: 'driver',
    type: 'string',
    description: "The Java class of PostgreSQL's driver, which is not needed.",
    only: {
      values: ['org.postgresql.Driver'],
      reason: 'There is no Java to load the class; PostgreSQL is spoken natively.',
    },
  },
  {
    key: 'compatible-mode',
    type: 'string',
    description: 'Dialect of a database behind a PostgreSQL driver.',
    refused: 'PostgreSQL itself is the only dialect.',
  },
  { key: 'username', type: 'string', description: 'Who to connect as.' },
  { key: 'password', type: 'string', secret: true, description: "The user's password." },
  {
    key: 'connection.max-retry-timeout',
    type: 'duration',
    default: '60 s',
    description: 'How long a connection that broke under a running job is tried again.',
  },
]

const SCAN_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'scan.partition.column',
    type: 'string',
    description:
      'Numeric, date or timestamp column by which the scan is cut into splits; rows outside of the bounds are not read.',
  },
  { key: 'scan.partition.num', type: 'int', description: 'Number of splits.' },
  {
    key: 'scan.partition.lower-bound',
    type: 'long',
    description: 'Least value of the column in the first split; milliseconds since the epoch for dates and timestamps.',
  },
  {
    key: 'scan.partition.upper-bound',
    type: 'long',
    description: 'Greatest value of the column in the last split.',
  },
  {
    key: 'scan.fetch-size',
    type: 'int',
    default: '0',
    description: 'Rows fetched from the cursor at once; 0: as many as a batch has.',
  },
  {
    key: 'scan.auto-commit',
    type: 'boolean',
    default: 'true',
    description: 'Taken for compatibility: rows always come through a cursor in a read-only transaction.',
  },
  {
    key: 'filter.handling.policy',
    type: 'enum',
    values: ['always', 'never'],
    default: 'always',
    description: 'Taken for compatibility: filters are always evaluated here and not by the database.',
  },
]

const SINK_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'sink.buffer-flush.max-rows',
    type: 'int',
    default: '100',
    description: 'Rows that are buffered before they are sent; 0: only time and checkpoints send them.',
  },
  {
    key: 'sink.buffer-flush.interval',
    type: 'duration',
    default: '1 s',
    description: 'Buffered rows are sent after this long; 0: only their number and checkpoints send them.',
  },
  {
    key: 'sink.max-retries',
    type: 'int',
    default: '3',
    description: 'How often a statement that failed for a passing reason (deadlock, serialization) is tried again.',
  },
  SINK_PARALLELISM,
  {
    key: 'sink.delivery-guarantee',
    type: 'enum',
    values: ['at-least-once', 'exactly-once'],
    default: 'at-least-once',
    description:
      'Not in Flink SQL. exactly-once: rows become visible with the checkpoint, by PREPARE TRANSACTION; needs max_prepared_transactions of at least two for each sink.',
  },
]

export const JDBC: ConnectorDescriptor = {
  name: 'jdbc',
  title: 'JDBC',
  description:
    'Reads and writes tables of PostgreSQL, and looks rows up in them. With a primary key the sink upserts and deletes by it, otherwise it appends.',
  options: [...CONNECTION_OPTIONS, ...SCAN_OPTIONS, ...SINK_OPTIONS, ...LOOKUP_OPTIONS],
  metadata: [],
  source: {
    changelogMode: () => INSERT_ONLY,
    isBounded: () => true,
    guarantee: 'exactly-once',
    projectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  sink: {
    changelogMode: (table) => (table.primaryKey === undefined ? INSERT_ONLY : UPSERT),
    guarantee: (table, options) => {
      if (options.enum('sink.delivery-guarantee') === 'exactly-once') return 'exactly-once'
      return table.primaryKey === undefined ? 'at-least-once' : 'effectively-once by key'
    },
    partitions: false,
    overwrite: false,
    divisible: () => true,
  },
  lookup: { byKey: true },
  validate(_table, options) {
    parseJdbcUrl(options.string('url'))
    requirePartitioning(options)
    lookupCacheOptions(options)
  },
  example: `CREATE TABLE customers (
  id BIGINT,
  name STRING,
  balance DECIMAL(12, 2),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:postgresql://127.0.0.1:5432/shop',
  'table-name' = 'customers',
  'username' = 'postgres',
  'password' = 'postgres'
)`,
}

const PARTITION_KEYS = ['column', 'num', 'lower-bound', 'upper-bound'].map((part) => `scan.partition.${part}`)

function requirePartitioning(options: OptionValues): void {
  const missing = PARTITION_KEYS.filter((key) => !options.has(key))
  if (missing.length === PARTITION_KEYS.length) return
  if (missing.length > 0) {
    throw new MillraceError('MISSING_OPTION', `a partitioned scan needs option "${missing[0]}"`, {
      detail: `Give all of ${PARTITION_KEYS.join(', ')}, or none.`,
    })
  }
  if (options.int('scan.partition.num') < 1) {
    throw new MillraceError('INVALID_OPTION', 'option "scan.partition.num" must be at least 1')
  }
  if (options.long('scan.partition.lower-bound') > options.long('scan.partition.upper-bound')) {
    throw new MillraceError(
      'INVALID_OPTION',
      'option "scan.partition.lower-bound" is greater than "scan.partition.upper-bound"',
    )
  }
}

export interface JdbcUrl {
  readonly host: string
  readonly port: number
  readonly database: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

/** Parameters of PostgreSQL's JDBC driver that mean something here; others are errors, so that none is lost in silence. */
const PARAMETERS = new Set([
  'user',
  'password',
  'ssl',
  'sslmode',
  'sslrootcert',
  'currentSchema',
  'ApplicationName',
  'connectTimeout',
  'options',
])

/** Parameters that concern only how the Java driver works inside. */
const IGNORED_PARAMETERS = new Set([
  'stringtype',
  'reWriteBatchedInserts',
  'prepareThreshold',
  'tcpKeepAlive',
  'defaultRowFetchSize',
  'loggerLevel',
  'binaryTransfer',
])

/** @throws MillraceError UNSUPPORTED_FEATURE for another database, INVALID_OPTION for what is no such URL */
export function parseJdbcUrl(url: string): JdbcUrl {
  const kind = /^jdbc:([^:]+):/i.exec(url)?.[1]?.toLowerCase()
  if (kind !== undefined && kind !== 'postgresql') {
    throw new MillraceError('UNSUPPORTED_FEATURE', `option "url" cannot be '${url}'`, {
      detail: `The jdbc connector speaks PostgreSQL's own protocol and has no driver for "${kind}".`,
    })
  }
  const match = /^jdbc:postgresql:(?:\/\/(\[[^\]]+\]|[^:/?,]*)(?::(\d+))?\/)?([^?/]*)(?:\?(.*))?$/i.exec(url)
  if (match === null) {
    throw new MillraceError('INVALID_OPTION', `option "url" cannot be '${url}'`, {
      detail: 'It takes jdbc:postgresql://host:port/database, with one host.',
    })
  }
  const [, host = '', port, database = '', query = ''] = match
  const parameters = new Map(new URLSearchParams(query))
  for (const name of parameters.keys()) {
    if (PARAMETERS.has(name) || IGNORED_PARAMETERS.has(name)) continue
    throw new MillraceError('INVALID_OPTION', `option "url" has the parameter "${name}", which is not known`, {
      hint: `The parameters are: ${[...PARAMETERS].join(', ')}.`,
    })
  }
  return {
    host: host === '' ? 'localhost' : host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? 5432 : Number(port),
    database: database === '' ? undefined : decodeURIComponent(database),
    parameters,
  }
}
