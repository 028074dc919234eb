/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/blackhole/ */
import { ALL_CHANGES, type ConnectorDescriptor } from '../connector.ts'

export const BLACKHOLE: ConnectorDescriptor = {
  name: 'blackhole',
  title: 'BlackHole',
  description: 'Takes every row and forgets it: for measuring a query by itself.',
  options: [],
  metadata: [],
  sink: {
    changelogMode: () => ALL_CHANGES,
    guarantee: () => 'none',
    partitions: true,
    overwrite: true,
    divisible: () => true,
  },
  example: `CREATE TABLE nowhere (
  name STRING,
  amount BIGINT
) WITH (
  'connector' = 'blackhole'
)`,
}
