/** `scan.parallelism` and `sink.parallelism`, as far as there is a choice. */
import type { OptionSpec } from '../../core/options.ts'

const ONE = {
  values: ['1'],
  reason: 'Other operators have the parallelism of the job, which parallelism.default sets.',
}

export const SCAN_PARALLELISM: OptionSpec = {
  key: 'scan.parallelism',
  type: 'int',
  description: 'Parallelism of the source: `1`, or that of the job.',
  only: ONE,
}

export const SINK_PARALLELISM: OptionSpec = {
  key: 'sink.parallelism',
  type: 'int',
  description: 'Parallelism of the sink: `1`, or that of the job.',
  only: ONE,
}
