/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/print/ */
import { ALL_CHANGES, type ConnectorDescriptor } from '../connector.ts'
import { SINK_PARALLELISM } from './parallelism.ts'

export const PRINT: ConnectorDescriptor = {
  name: 'print',
  title: 'Print',
  description: 'Writes every row to the standard output, or to the standard error.',
  options: [
    {
      key: 'print-identifier',
      type: 'string',
      description: 'Written before each row, with `>` behind it.',
    },
    {
      key: 'standard-error',
      type: 'boolean',
      default: 'false',
      description: 'Whether to write to the standard error instead of the standard output.',
    },
    SINK_PARALLELISM,
  ],
  metadata: [],
  sink: {
    changelogMode: () => ALL_CHANGES,
    guarantee: () => 'at-least-once',
    partitions: true,
    overwrite: false,
  },
  example: `CREATE TABLE printed (
  name STRING,
  amount BIGINT
) WITH (
  'connector' = 'print'
)`,
}
