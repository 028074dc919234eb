/** The one list of format descriptors, and what a table gets from the format of its values. */
import type { OptionValues } from '../../../core/options.ts'
import { type ChangelogMode, type FormatDescriptor, INSERT_ONLY } from '../../connector.ts'
import { CSV_FORMAT } from './csv.ts'
import { DEBEZIUM_JSON_FORMAT } from './debezium-json.ts'
import { JSON_FORMAT } from './json.ts'
import { RAW_FORMAT } from './raw.ts'

export const FORMAT_DESCRIPTORS: readonly FormatDescriptor[] = [
  CSV_FORMAT,
  DEBEZIUM_JSON_FORMAT,
  JSON_FORMAT,
  RAW_FORMAT,
]

/** The changelog of a table whose rows are its records: that of `value.format` or `format`. */
export function valueChangelogMode(options: OptionValues): ChangelogMode {
  const name = options.optionalString('value.format') ?? options.optionalString('format')
  return FORMAT_DESCRIPTORS.find((format) => format.name === name)?.changelogMode ?? INSERT_ONLY
}
