/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/filesystem/ */
import { MillraceError } from '../../core/errors.ts'
import type { OptionSpec } from '../../core/options.ts'
import { BIGINT, STRING, timestampLtz, withNullability } from '../../core/types.ts'
import { FULL_LOOKUP_OPTIONS, lookupCacheOptions } from '../lookup-options.ts'
import type { ConnectorDescriptor } from '../connector.ts'
import { valueChangelogMode } from './formats/index.ts'
import { SINK_PARALLELISM } from './parallelism.ts'

const NO_COMPACTION =
  'Files are not compacted: each subtask writes one file for each partition and checkpoint, so there is nothing to merge but what the checkpoint interval makes small.'

const SOURCE_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'path',
    type: 'string',
    required: true,
    description: 'File or directory: `file:///…`, an absolute path, or one relative to the working directory.',
  },
  { key: 'format', type: 'string', required: true, description: 'Format of the files.' },
  {
    key: 'partition.default-name',
    type: 'string',
    default: '__DEFAULT_PARTITION__',
    description: 'Directory name of the partition whose value is NULL or empty.',
  },
  {
    key: 'source.path.regex-pattern',
    type: 'string',
    description: 'Only files whose whole absolute path matches this regular expression are read.',
  },
  {
    key: 'source.monitor-interval',
    type: 'duration',
    description: 'Look for new files this often and never end; absent: read what is there once.',
  },
  {
    key: 'source.report-statistics',
    type: 'enum',
    values: ['ALL', 'NONE'],
    default: 'ALL',
    description: 'Taken for compatibility; the planner uses no file statistics.',
  },
]

const SINK_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'sink.rolling-policy.file-size',
    type: 'memory',
    default: '128MB',
    description: 'A part file that has grown to this size is closed and another is begun.',
  },
  {
    key: 'sink.rolling-policy.rollover-interval',
    type: 'duration',
    default: '30 min',
    description: 'A part file is closed when it has been open for this long; at the latest at the next checkpoint.',
  },
  {
    key: 'sink.rolling-policy.inactivity-interval',
    type: 'duration',
    default: '30 min',
    description: 'A part file is closed when nothing was written to it for this long.',
  },
  {
    key: 'sink.rolling-policy.check-interval',
    type: 'duration',
    default: '1 min',
    description: 'How often the two intervals are checked.',
  },
  {
    key: 'sink.shuffle-by-partition.enable',
    type: 'boolean',
    default: 'false',
    description: 'Taken for compatibility; rows are not shuffled by partition.',
  },
  {
    key: 'auto-compaction',
    type: 'boolean',
    default: 'false',
    description: `Only 'false' can be honoured. ${NO_COMPACTION}`,
  },
  {
    key: 'compaction.file-size',
    type: 'memory',
    description: 'Size of compacted files.',
    refused: NO_COMPACTION,
  },
  {
    key: 'compaction.parallelism',
    type: 'int',
    description: 'Parallelism of the compaction.',
    refused: NO_COMPACTION,
  },
  SINK_PARALLELISM,
]

const PARTITION_COMMIT_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'sink.partition-commit.trigger',
    type: 'enum',
    values: ['process-time', 'partition-time'],
    default: 'process-time',
    description:
      'What makes a partition complete: the clock, counted from the first row in it, or the watermark, compared with the time in its values.',
  },
  {
    key: 'sink.partition-commit.delay',
    type: 'duration',
    default: '0 s',
    description: 'How long behind that time a partition is committed.',
  },
  {
    key: 'sink.partition-commit.watermark-time-zone',
    type: 'string',
    default: 'UTC',
    description: 'Zone of the partition times where the watermark is over a TIMESTAMP_LTZ column.',
  },
  {
    key: 'sink.partition-commit.policy.kind',
    type: 'string',
    description: "What committing does: 'success-file' writes an empty file into the partition.",
  },
  {
    key: 'sink.partition-commit.policy.class',
    type: 'string',
    description: 'A Java class that commits partitions.',
    refused: 'There is no Java to load the class.',
  },
  {
    key: 'sink.partition-commit.policy.class.parameters',
    type: 'string',
    description: 'Parameters of that class.',
    refused: 'There is no Java to load the class.',
  },
  {
    key: 'sink.partition-commit.success-file.name',
    type: 'string',
    default: '_SUCCESS',
    description: 'Name of the file that the success-file policy writes.',
  },
  {
    key: 'partition.time-extractor.kind',
    type: 'enum',
    values: ['default', 'custom'],
    default: 'default',
    description: "How a partition's time is found from its values; only 'default' can be honoured.",
  },
  {
    key: 'partition.time-extractor.class',
    type: 'string',
    description: 'A Java class that finds the time.',
    refused: 'There is no Java to load the class.',
  },
  {
    key: 'partition.time-extractor.timestamp-pattern',
    type: 'string',
    description:
      "Text of the partition's time with the columns as variables, `$dt $hour:00:00`; default: the first one.",
  },
  {
    key: 'partition.time-extractor.timestamp-formatter',
    type: 'string',
    default: 'yyyy-MM-dd HH:mm:ss',
    description: 'Form of that text, in the letters y, M, d, H, m and s.',
  },
]

export const FILESYSTEM: ConnectorDescriptor = {
  name: 'filesystem',
  title: 'FileSystem',
  description:
    'Reads files and directories, once or for new files, and writes part files that become visible with a checkpoint.',
  options: [...SOURCE_OPTIONS, ...SINK_OPTIONS, ...PARTITION_COMMIT_OPTIONS, ...FULL_LOOKUP_OPTIONS],
  formats: { value: ['csv', 'debezium-json', 'json', 'raw'] },
  metadata: [
    {
      key: 'file.path',
      type: withNullability(STRING, false),
      writable: false,
      description: 'Full path of the file.',
    },
    { key: 'file.name', type: withNullability(STRING, false), writable: false, description: 'Name of the file.' },
    { key: 'file.size', type: withNullability(BIGINT, false), writable: false, description: 'Bytes of the file.' },
    {
      key: 'file.modification-time',
      type: withNullability(timestampLtz(3), false),
      writable: false,
      description: 'When the file was last changed.',
    },
  ],
  source: {
    changelogMode: (_table, options) => valueChangelogMode(options),
    isBounded: (_table, options) => !options.has('source.monitor-interval'),
    guarantee: 'exactly-once',
    projectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  lookup: { byKey: false },
  sink: {
    changelogMode: (_table, options) => valueChangelogMode(options),
    guarantee: () => 'exactly-once',
    partitions: true,
    overwrite: true,
    // A partition is committed once, when all of its rows are written.
    divisible: (options) => options['sink.partition-commit.policy.kind'] === undefined,
  },
  validate(_table, options) {
    if (options.boolean('auto-compaction')) {
      throw new MillraceError('UNSUPPORTED_FEATURE', `option "auto-compaction" cannot be 'true'`, {
        detail: NO_COMPACTION,
      })
    }
    if (options.enum('partition.time-extractor.kind') === 'custom') {
      throw new MillraceError('UNSUPPORTED_FEATURE', `option "partition.time-extractor.kind" cannot be 'custom'`, {
        detail: 'There is no Java to load the class.',
      })
    }
    for (const kind of (options.optionalString('sink.partition-commit.policy.kind') ?? '').split(',')) {
      if (kind.trim() === '' || kind.trim() === 'success-file') continue
      throw new MillraceError(
        'UNSUPPORTED_FEATURE',
        `option "sink.partition-commit.policy.kind" cannot be '${kind.trim()}'`,
        { detail: "'success-file' is the policy that there is: no Hive metastore and no Java class can be called." },
      )
    }
    requireRegex(options.optionalString('source.path.regex-pattern'))
    lookupCacheOptions(options)
  },
  example: `CREATE TABLE clicks (
  user_id BIGINT,
  url STRING,
  dt STRING
) PARTITIONED BY (dt) WITH (
  'connector' = 'filesystem',
  'path' = 'clicks/',
  'format' = 'json',
  'sink.partition-commit.policy.kind' = 'success-file'
)`,
}

function requireRegex(pattern: string | undefined): void {
  if (pattern === undefined) return
  try {
    new RegExp(`^(?:${pattern})$`, 'u')
  } catch (error) {
    throw new MillraceError('INVALID_OPTION', `option "source.path.regex-pattern" is not a regular expression`, {
      detail: error instanceof Error ? `${error.message}.` : undefined,
      cause: error,
    })
  }
}
