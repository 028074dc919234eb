/** The options of the rows inside of the events, as the json format takes them. */
import type { OptionValues } from '../../../core/options.ts'
import type { TimestampStandard } from '../scalar-text.ts'
import type { JsonOptions } from '../json/options.ts'

export function readRowOptions(options: OptionValues): JsonOptions {
  return {
    failOnMissingField: false,
    ignoreParseErrors: options.boolean('ignore-parse-errors'),
    timestamps: options.enum('timestamp-format.standard') as TimestampStandard,
    nullKeys: options.enum('map-null-key.mode') as JsonOptions['nullKeys'],
    nullKeyLiteral: options.string('map-null-key.literal'),
    plainDecimals: options.boolean('encode.decimal-as-plain-number'),
    ignoreNullFields: options.boolean('encode.ignore-null-fields'),
  }
}
