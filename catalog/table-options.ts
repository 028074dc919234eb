/**
 * All options that a table may have: its connector's, those of its formats under their prefixes (`json.…`,
 * `key.json.…`, `value.json.…`) and those of every table.
 */
import { MillraceError } from '../core/errors.ts'
import { parseOptions } from '../core/option-values.ts'
import type { OptionSpec, OptionValues } from '../core/options.ts'
import { didYouMean } from '../core/suggest.ts'
import type { ConnectorDescriptor, FormatDescriptor } from './connector.ts'

/** Understood by the engine itself, whatever the connector. */
const COMMON_OPTIONS: readonly OptionSpec[] = [
  { key: 'connector', type: 'string', required: true, description: 'The connector.' },
  { key: 'property-version', type: 'string', default: '1', description: 'Version of the option names.' },
]

export const COMMON_SOURCE_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'scan.watermark.emit.strategy',
    type: 'enum',
    values: ['on-periodic', 'on-event'],
    default: 'on-periodic',
    description: 'Whether watermarks are emitted every pipeline.auto-watermark-interval or behind every row.',
  },
  {
    key: 'scan.watermark.idle-timeout',
    type: 'duration',
    description: 'A split without rows for this long does not hold the watermark back.',
  },
  ...['group', 'max-drift', 'update-interval'].map(
    (name): OptionSpec => ({
      key: `scan.watermark.alignment.${name}`,
      type: 'string',
      description: 'Alignment of the watermarks of several sources.',
      refused: 'Watermark alignment is not built: sources are read in turn and none runs far ahead.',
    }),
  ),
]

/** The connectors and formats that there are. */
export interface Extensions {
  readonly connectors: ReadonlyMap<string, ConnectorDescriptor>
  readonly formats: ReadonlyMap<string, FormatDescriptor>
}

/** @throws MillraceError MISSING_OPTION, INVALID_OPTION when the table has no connector or an unknown one */
export function requireConnector(
  options: Readonly<Record<string, string>>,
  extensions: Extensions,
  label: string,
): ConnectorDescriptor {
  const name = options['connector']
  if (name === undefined) {
    throw new MillraceError('MISSING_OPTION', `${label} needs option "connector"`, {
      hint: `Add 'connector' = '…' to WITH (…). There are: ${[...extensions.connectors.keys()].sort().join(', ')}.`,
    })
  }
  const found = extensions.connectors.get(name)
  if (found !== undefined) return found
  throw new MillraceError('INVALID_OPTION', `connector "${name}" of ${label} does not exist`, {
    hint:
      didYouMean(name, [...extensions.connectors.keys()]) ??
      `There are: ${[...extensions.connectors.keys()].sort().join(', ')}.`,
  })
}

/**
 * Specs for every key that these options may have beside each other.
 *
 * @throws MillraceError INVALID_OPTION for a format that does not exist or that the connector does not take
 */
export function tableOptionSpecs(
  options: Readonly<Record<string, string>>,
  connector: ConnectorDescriptor,
  extensions: Extensions,
  label: string,
): readonly OptionSpec[] {
  const specs = [...COMMON_OPTIONS, ...(connector.source === undefined ? [] : COMMON_SOURCE_OPTIONS)]
  const own = new Set(connector.options.map((spec) => spec.key))
  const formats = connector.formats === undefined ? [] : formatSpecs(options, connector, extensions, label)
  return [...specs.filter((spec) => !own.has(spec.key)), ...connector.options, ...formats]
}

const FORMAT_PREFIXES = [
  ['format', ''],
  ['key.format', 'key.'],
  ['value.format', 'value.'],
] as const

function formatSpecs(
  options: Readonly<Record<string, string>>,
  connector: ConnectorDescriptor,
  extensions: Extensions,
  label: string,
): OptionSpec[] {
  return FORMAT_PREFIXES.flatMap(([option, prefix]) => {
    const name = options[option]
    if (name === undefined) return []
    const taken = option === 'key.format' ? connector.formats?.key : connector.formats?.value
    const format = extensions.formats.get(name)
    if (format === undefined || taken?.includes(name) !== true) {
      throw new MillraceError('INVALID_OPTION', `option "${option}" of ${label} cannot be '${name}'`, {
        detail: `Connector "${connector.name}" takes ${(taken ?? []).join(', ') || 'no format here'}.`,
        hint: didYouMean(name, taken ?? []),
      })
    }
    return format.options.map((spec) => ({
      ...spec,
      key: `${prefix}${name}.${spec.key}`,
      ...(spec.aliases === undefined ? {} : { aliases: spec.aliases.map((alias) => `${prefix}${name}.${alias}`) }),
    }))
  })
}

/** Checks all options of a table and reads them. */
export function parseTableOptions(
  options: Readonly<Record<string, string>>,
  extensions: Extensions,
  label: string,
): OptionValues {
  const connector = requireConnector(options, extensions, label)
  return parseOptions(tableOptionSpecs(options, connector, extensions, label), options, { label })
}
