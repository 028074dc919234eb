/** `scan.parallelism` and `sink.parallelism`, as far as there is a choice. */
import type { OptionSpec } from '../../core/options.ts'

const ONE = { values: ['1'], reason: 'All operators of a job have its parallelism, which parallelism.default sets.' }

export const SCAN_PARALLELISM: OptionSpec = {
  key: 'scan.parallelism',
  type: 'int',
  description: 'Parallelism of the source: `1`.',
  only: ONE,
}

export const SINK_PARALLELISM: OptionSpec = {
  key: 'sink.parallelism',
  type: 'int',
  description: 'Parallelism of the sink: `1`.',
  only: ONE,
}
