/**
 * All options that a table may have: its connector's, those of its formats under their prefixes (`json.…`,
 * `key.json.…`, `value.json.…`) and those of every table.
 */
import { MillraceError } from '../core/errors.ts'
import { parseOptions, scopeOptions } from '../core/option-values.ts'
import type { OptionSpec, OptionValues } from '../core/options.ts'
import { didYouMean } from '../core/suggest.ts'
import type { ConnectorDescriptor, FormatDescriptor, MetadataColumn } from './connector.ts'
import type { CatalogTable } from './table.ts'

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

/** Metadata that a table's columns may read: its connector's, and that of the format of its values. */
export function tableMetadata(
  options: Readonly<Record<string, string>>,
  connector: ConnectorDescriptor,
  extensions: Extensions,
): readonly MetadataColumn[] {
  const prefix = connector.formats?.formatMetadata
  if (prefix === undefined) return connector.metadata
  const format = extensions.formats.get(options['value.format'] ?? options['format'] ?? '')
  const offered = (format?.metadata ?? []).map((column) => ({ ...column, key: `${prefix}${column.key}` }))
  return [...connector.metadata, ...offered]
}

/**
 * Asks the formats of a table whether they can hold its columns, with their options as they are.
 *
 * @param values all options of the table, checked
 */
export function checkFormats(table: CatalogTable, values: OptionValues, extensions: Extensions): void {
  const columns = table.columns.filter((column) => column.kind === 'physical')
  // A key has the columns of key.fields, or, where a connector has no such option, of the primary key.
  const declared = values.has('key.format') ? (table.primaryKey?.columns ?? []) : []
  const key = values.has('key.fields') ? values.list('key.fields') : declared
  const keys = new Set([...key, ...table.partitionKeys])
  for (const { format, prefix, part } of formatsOf(table.options, extensions)) {
    // Which columns a key holds is the connector's business; partition columns are in no record.
    if (part === 'key') continue
    const held = columns.filter(
      ({ name }) => !keys.has(name) || values.optionalString('value.fields-include') === 'ALL',
    )
    format.validate?.(held, scopeOptions(values, prefix))
  }
}

/** @throws MillraceError INVALID_OPTION for what a format can only read */
export function checkSinkFormats(
  options: Readonly<Record<string, string>>,
  values: OptionValues,
  extensions: Extensions,
): void {
  for (const { format, prefix } of formatsOf(options, extensions)) format.validateSink?.(scopeOptions(values, prefix))
}

interface UsedFormat {
  readonly format: FormatDescriptor
  /** Of its options in the table's. */
  readonly prefix: string
  readonly part: 'key' | 'value'
}

function formatsOf(options: Readonly<Record<string, string>>, extensions: Extensions): UsedFormat[] {
  return FORMAT_PREFIXES.flatMap(([option, prefix]) => {
    const name = options[option] ?? ''
    const format = extensions.formats.get(name)
    const part = option === 'key.format' ? 'key' : 'value'
    return format === undefined ? [] : [{ format, prefix: `${prefix}${name}.`, part }]
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
