/** The options of the csv format, read once. https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/csv/#format-options */
import type { OptionValues } from '../../../core/options.ts'

export interface CsvOptions {
  readonly delimiter: number
  /** -1: there is no quoting. */
  readonly quote: number
  /** -1: there is no escape character. */
  readonly escape: number
  readonly allowComments: boolean
  readonly ignoreParseErrors: boolean
  readonly arrayDelimiter: string
  readonly nullLiteral: string | undefined
  readonly plainDecimals: boolean
}

export function readCsvOptions(options: OptionValues): CsvOptions {
  const escape = options.optionalString('escape-character')
  return {
    delimiter: characterOf(options.string('field-delimiter')),
    quote: options.boolean('disable-quote-character') ? -1 : characterOf(options.string('quote-character')),
    escape: escape === undefined ? -1 : characterOf(escape),
    allowComments: options.boolean('allow-comments'),
    ignoreParseErrors: options.boolean('ignore-parse-errors'),
    arrayDelimiter: unescapeJava(options.string('array-element-delimiter')),
    nullLiteral: options.optionalString('null-literal'),
    plainDecimals: !options.boolean('write-bigdecimal-in-scientific-notation'),
  }
}

function characterOf(text: string): number {
  return unescapeJava(text).charCodeAt(0)
}

/** Delimiters may be written as in Java: `\t`, `\\`, `\u0001`. */
function unescapeJava(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, char: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    const index = 'tnrbf'.indexOf(char ?? '')
    return index < 0 ? (char ?? '') : ('\t\n\r\b\f'[index] ?? '')
  })
}
