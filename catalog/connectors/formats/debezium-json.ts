/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/debezium/ */
import { MillraceError } from '../../../core/errors.ts'
import { STRING, timestampLtz, withNullability } from '../../../core/types.ts'
import { ALL_CHANGES, type FormatDescriptor } from '../../connector.ts'
import { JSON_FORMAT, requireJsonType } from './json.ts'

/** Options that are those of json, with the same meaning. */
const SHARED = new Set([
  'ignore-parse-errors',
  'timestamp-format.standard',
  'map-null-key.mode',
  'map-null-key.literal',
  'encode.decimal-as-plain-number',
  'encode.ignore-null-fields',
])

export const DEBEZIUM_JSON_FORMAT: FormatDescriptor = {
  name: 'debezium-json',
  title: 'Debezium JSON',
  description:
    'Change events of Debezium: the row before and after the change, and what happened to it. A table in this format is a changelog: "c" and "r" insert, "u" updates, "d" deletes. Written, every +I and +U is a "c" with the row in "after", every -U and -D a "d" with the row in "before".',
  options: [
    {
      key: 'schema-include',
      type: 'boolean',
      default: 'false',
      description:
        "Whether the events are wrapped in an object with 'schema' and 'payload', as Kafka Connect writes them with value.converter.schemas.enable; only for reading.",
    },
    ...JSON_FORMAT.options.filter((option) => SHARED.has(option.key)),
  ],
  changelogMode: ALL_CHANGES,
  decodes: true,
  encodes: true,
  metadata: [
    { key: 'schema', type: STRING, writable: false, description: 'JSON text of the schema of the event.' },
    {
      key: 'ingestion-timestamp',
      type: timestampLtz(3),
      writable: false,
      description: 'When the connector processed the event ("ts_ms" of the event).',
    },
    {
      key: 'source.timestamp',
      type: timestampLtz(3),
      writable: false,
      description: 'When the source system made the change ("ts_ms" of "source").',
    },
    { key: 'source.database', type: STRING, writable: false, description: 'Database ("db" of "source").' },
    { key: 'source.schema', type: STRING, writable: false, description: 'Schema ("schema" of "source").' },
    { key: 'source.table', type: STRING, writable: false, description: 'Table ("table" of "source").' },
    {
      key: 'source.properties',
      type: { kind: 'MAP', key: withNullability(STRING, true), value: withNullability(STRING, true), nullable: true },
      writable: false,
      description: 'All of "source".',
    },
  ],
  validate(columns) {
    for (const { name, type } of columns) requireJsonType(name, type)
  },
  validateSink(options) {
    if (!options.boolean('schema-include')) return
    throw new MillraceError('INVALID_OPTION', `option "debezium-json.schema-include" cannot be 'true' for a sink`, {
      detail: 'Events are written without a schema.',
      hint: 'Leave the option out.',
    })
  },
  example: `CREATE TABLE products (
  id BIGINT,
  name STRING,
  weight DECIMAL(10, 2),
  changed_at TIMESTAMP_LTZ(3) METADATA FROM 'value.source.timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'topic' = 'products',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'debezium-json'
)`,
}
