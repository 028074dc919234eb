/** The options of the json format, read once. https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/json/#format-options */
import type { OptionValues } from '../../../core/options.ts'
import type { TimestampStandard } from '../scalar-text.ts'

export interface JsonOptions {
  readonly failOnMissingField: boolean
  readonly ignoreParseErrors: boolean
  readonly timestamps: TimestampStandard
  readonly nullKeys: 'FAIL' | 'DROP' | 'LITERAL'
  readonly nullKeyLiteral: string
  readonly plainDecimals: boolean
  readonly ignoreNullFields: boolean
}

export function readJsonOptions(options: OptionValues): JsonOptions {
  return {
    failOnMissingField: options.boolean('fail-on-missing-field'),
    ignoreParseErrors: options.boolean('ignore-parse-errors'),
    timestamps: options.enum('timestamp-format.standard') as TimestampStandard,
    nullKeys: options.enum('map-null-key.mode') as JsonOptions['nullKeys'],
    nullKeyLiteral: options.string('map-null-key.literal'),
    plainDecimals: options.boolean('encode.decimal-as-plain-number'),
    ignoreNullFields: options.boolean('encode.ignore-null-fields'),
  }
}
