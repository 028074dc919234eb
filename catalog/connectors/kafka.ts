/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kafka/ */
import { MillraceError } from '../../core/errors.ts'
import type { OptionSpec, OptionValues } from '../../core/options.ts'
import { BYTES, INT, STRING, timestampLtz, withNullability, BIGINT } from '../../core/types.ts'
import type { ConnectorDescriptor, DeliveryGuarantee, MetadataColumn } from '../connector.ts'
import type { CatalogTable } from '../table.ts'
import { valueChangelogMode } from './formats/index.ts'
import { KAFKA_PROPERTIES } from './kafka-properties.ts'
import { SCAN_PARALLELISM, SINK_PARALLELISM } from './parallelism.ts'

/** Those whose records are rows; others are changes of their own. */
export const KAFKA_FORMATS = ['csv', 'json', 'raw']

/** What kafka and upsert-kafka share. */
export const SHARED_OPTIONS: readonly OptionSpec[] = [
  ...KAFKA_PROPERTIES,
  {
    key: 'key.fields-prefix',
    type: 'string',
    default: '',
    description: 'Prefix of the key columns in the table, which the key itself does not have.',
  },
  {
    key: 'value.fields-include',
    type: 'enum',
    values: ['ALL', 'EXCEPT_KEY'],
    default: 'ALL',
    description: 'Whether the value holds the key columns too.',
  },
  SCAN_PARALLELISM,
  SINK_PARALLELISM,
  {
    key: 'sink.delivery-guarantee',
    type: 'enum',
    values: ['none', 'at-least-once', 'exactly-once'],
    default: 'at-least-once',
    description:
      'exactly-once writes transactions that are committed with checkpoints; readers need isolation.level read_committed.',
  },
  {
    key: 'sink.transactional-id-prefix',
    type: 'string',
    description: 'Beginning of the transactional ids; needed for exactly-once.',
  },
]

const OPTIONS: readonly OptionSpec[] = [
  { key: 'topic', type: 'list', description: "Topic, or several separated by ';' for reading." },
  { key: 'topic-pattern', type: 'string', description: 'Regular expression of the names of topics to read.' },
  ...SHARED_OPTIONS,
  { key: 'format', type: 'string', description: 'Format of the values.' },
  { key: 'key.format', type: 'string', description: 'Format of the keys.' },
  { key: 'key.fields', type: 'list', default: '', description: "Columns that are in the key, separated by ';'." },
  { key: 'value.format', type: 'string', description: 'Format of the values, in place of format.' },
  {
    key: 'scan.startup.mode',
    type: 'enum',
    values: ['earliest-offset', 'latest-offset', 'group-offsets', 'timestamp', 'specific-offsets'],
    default: 'group-offsets',
    description: 'Where reading begins when there is no checkpoint.',
  },
  {
    key: 'scan.startup.specific-offsets',
    type: 'string',
    description: "'partition:0,offset:42;partition:1,offset:300'.",
  },
  { key: 'scan.startup.timestamp-millis', type: 'long', description: 'Milliseconds since the epoch.' },
  {
    key: 'scan.bounded.mode',
    type: 'enum',
    values: ['unbounded', 'latest-offset', 'group-offsets', 'timestamp', 'specific-offsets'],
    default: 'unbounded',
    description: 'Where reading ends.',
  },
  {
    key: 'scan.bounded.specific-offsets',
    type: 'string',
    description: 'As scan.startup.specific-offsets; not read itself.',
  },
  { key: 'scan.bounded.timestamp-millis', type: 'long', description: 'Milliseconds since the epoch.' },
  {
    key: 'scan.topic-partition-discovery.interval',
    type: 'duration',
    default: '5 min',
    description: 'How often new partitions are looked for; 0: never.',
  },
  {
    key: 'sink.partitioner',
    type: 'string',
    default: 'default',
    description: 'default (by key, else in turn), fixed, round-robin.',
    only: { values: ['default', 'fixed', 'round-robin'], reason: 'There is no Java to load a class from.' },
  },
  {
    key: 'sink.semantic',
    type: 'enum',
    values: ['none', 'at-least-once', 'exactly-once'],
    description: 'Older name of sink.delivery-guarantee.',
  },
  {
    key: 'sink.transaction-naming-strategy',
    type: 'enum',
    values: ['DEFAULT', 'INCREMENTING', 'POOLING'],
    default: 'DEFAULT',
    description: 'Transactional ids come from a small pool.',
    only: {
      values: ['DEFAULT', 'POOLING'],
      reason: 'An id for every checkpoint that ever was would have to be probed at a restart.',
    },
  },
]

export const KAFKA_METADATA: readonly MetadataColumn[] = [
  { key: 'topic', type: withNullability(STRING, false), writable: false, description: 'Topic of the record.' },
  { key: 'partition', type: withNullability(INT, false), writable: false, description: 'Partition of the record.' },
  {
    key: 'headers',
    type: { kind: 'MAP', key: withNullability(STRING, false), value: withNullability(BYTES, true), nullable: false },
    writable: true,
    description: 'Headers of the record.',
  },
  { key: 'leader-epoch', type: INT, writable: false, description: 'Leader epoch of the record.' },
  { key: 'offset', type: withNullability(BIGINT, false), writable: false, description: 'Offset in the partition.' },
  {
    key: 'timestamp',
    type: withNullability(timestampLtz(3), false),
    writable: true,
    description: 'Timestamp of the record.',
  },
  {
    key: 'timestamp-type',
    type: withNullability(STRING, false),
    writable: false,
    description: 'CreateTime or LogAppendTime.',
  },
]

export function sinkGuarantee(_table: CatalogTable, options: OptionValues): DeliveryGuarantee {
  const value =
    options.has('sink.semantic') && !options.has('sink.delivery-guarantee')
      ? options.string('sink.semantic')
      : options.string('sink.delivery-guarantee')
  return value as DeliveryGuarantee
}

export function requireTransactionPrefix(table: CatalogTable, options: OptionValues): void {
  if (sinkGuarantee(table, options) !== 'exactly-once' || options.has('sink.transactional-id-prefix')) return
  throw new MillraceError('MISSING_OPTION', `table "${table.path.name}" needs option "sink.transactional-id-prefix"`, {
    detail: 'Exactly-once sinks write Kafka transactions, whose ids must differ from those of other applications.',
    hint: "Add 'sink.transactional-id-prefix' = '…' to WITH (…).",
  })
}

function validate(table: CatalogTable, options: OptionValues): void {
  const label = `table "${table.path.name}"`
  if (options.has('topic') === options.has('topic-pattern')) {
    throw new MillraceError('INVALID_OPTION', `${label} needs exactly one of the options "topic" and "topic-pattern"`)
  }
  if (options.has('format') === options.has('value.format')) {
    throw new MillraceError('INVALID_OPTION', `${label} needs exactly one of the options "format" and "value.format"`)
  }
  if (options.has('key.format') !== options.list('key.fields').length > 0) {
    throw new MillraceError('INVALID_OPTION', `options "key.format" and "key.fields" of ${label} go together`)
  }
  for (const mode of ['startup', 'bounded'] as const) {
    const chosen = options.enum(`scan.${mode}.mode`)
    const needed =
      chosen === 'timestamp'
        ? `scan.${mode}.timestamp-millis`
        : chosen === 'specific-offsets'
          ? `scan.${mode}.specific-offsets`
          : undefined
    if (needed !== undefined && !options.has(needed)) {
      throw new MillraceError(
        'MISSING_OPTION',
        `${label} needs option "${needed}" for 'scan.${mode}.mode' = '${chosen}'`,
      )
    }
  }
  if (options.enum('scan.bounded.mode') === 'group-offsets' && !options.has('properties.group.id')) {
    throw new MillraceError(
      'MISSING_OPTION',
      `${label} needs option "properties.group.id" for 'scan.bounded.mode' = 'group-offsets'`,
    )
  }
  requireTransactionPrefix(table, options)
}

export const KAFKA: ConnectorDescriptor = {
  name: 'kafka',
  title: 'Kafka',
  description: 'Reads and writes topics of Apache Kafka (brokers 2.8 and newer). Offsets are part of checkpoints.',
  options: OPTIONS,
  formats: { value: [...KAFKA_FORMATS, 'debezium-json'], formatMetadata: 'value.', key: KAFKA_FORMATS },
  metadata: KAFKA_METADATA,
  source: {
    changelogMode: (_table, options) => valueChangelogMode(options),
    isBounded: (_table, options) => options.enum('scan.bounded.mode') !== 'unbounded',
    guarantee: 'exactly-once',
    projectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  sink: {
    changelogMode: (_table, options) => valueChangelogMode(options),
    guarantee: sinkGuarantee,
    partitions: false,
    overwrite: false,
    divisible: () => true,
  },
  validate,
  example: `CREATE TABLE orders (
  id BIGINT,
  price DECIMAL(8, 2),
  ordered_at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.group.id' = 'shop',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);`,
}
