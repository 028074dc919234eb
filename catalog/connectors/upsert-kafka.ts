/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/upsert-kafka/ */
import { MillraceError } from '../../core/errors.ts'
import type { OptionSpec } from '../../core/options.ts'
import { type ConnectorDescriptor, UPSERT } from '../connector.ts'
import { KAFKA_FORMATS, KAFKA_METADATA, requireTransactionPrefix, SHARED_OPTIONS, sinkGuarantee } from './kafka.ts'

const READ_FROM_START: readonly OptionSpec[] = [
  // The source always reads the whole topic: the options of kafka that it is read with, at their only values.
  {
    key: 'scan.startup.mode',
    type: 'enum',
    values: ['earliest-offset'],
    default: 'earliest-offset',
    description: 'The whole topic is read: only that gives the table.',
  },
  {
    key: 'scan.bounded.mode',
    type: 'enum',
    values: ['unbounded', 'latest-offset'],
    default: 'unbounded',
    description: 'Where reading ends.',
  },
  {
    key: 'scan.topic-partition-discovery.interval',
    type: 'duration',
    default: '5 min',
    description: 'How often new partitions are looked for; 0: never.',
  },
]

const OPTIONS: readonly OptionSpec[] = [
  { key: 'topic', type: 'list', required: true, description: 'The topic.' },
  ...SHARED_OPTIONS,
  { key: 'key.format', type: 'string', required: true, description: 'Format of the keys, which hold the primary key.' },
  { key: 'value.format', type: 'string', required: true, description: 'Format of the values.' },
  ...READ_FROM_START,
  {
    key: 'sink.buffer-flush.max-rows',
    type: 'int',
    default: '0',
    description: 'Keys that are held back to write only the last row of each; 0: none.',
  },
  {
    key: 'sink.buffer-flush.interval',
    type: 'duration',
    default: '0',
    description: 'How long rows are held back at most.',
  },
]

export const UPSERT_KAFKA: ConnectorDescriptor = {
  name: 'upsert-kafka',
  title: 'Upsert Kafka',
  description:
    'A topic as a table by primary key: the last record of a key is its row, a record without a value deletes it. Needs a primary key.',
  options: OPTIONS,
  formats: { value: KAFKA_FORMATS, key: KAFKA_FORMATS },
  metadata: KAFKA_METADATA,
  source: {
    changelogMode: () => UPSERT,
    isBounded: (_table, options) => options.enum('scan.bounded.mode') !== 'unbounded',
    guarantee: 'exactly-once',
    projectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  sink: {
    changelogMode: () => UPSERT,
    guarantee: sinkGuarantee,
    partitions: false,
    overwrite: false,
    divisible: () => true,
  },
  validate: (table, options) => {
    if (table.primaryKey === undefined) {
      throw new MillraceError('INVALID_DEFINITION', `table "${table.path.name}" needs a primary key`, {
        hint: 'Add PRIMARY KEY (…) NOT ENFORCED: it is the key of the records.',
      })
    }
    if (options.int('sink.buffer-flush.max-rows') > 0 !== options.duration('sink.buffer-flush.interval') > 0) {
      throw new MillraceError(
        'INVALID_OPTION',
        `options "sink.buffer-flush.max-rows" and "sink.buffer-flush.interval" of table "${table.path.name}" go together`,
        { hint: 'Give both a value above 0, or neither.' },
      )
    }
    requireTransactionPrefix(table, options)
  },
  example: `CREATE TABLE customers (
  id BIGINT,
  name STRING,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'customers',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);`,
}
