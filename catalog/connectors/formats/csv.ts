/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/csv/ */
import { MillraceError } from '../../../core/errors.ts'
import type { OptionValues } from '../../../core/options.ts'
import { type SqlType, typeToString } from '../../../core/types.ts'
import { type FormatDescriptor, INSERT_ONLY } from '../../connector.ts'

export const CSV_FORMAT: FormatDescriptor = {
  name: 'csv',
  title: 'CSV',
  description: 'Values separated by a delimiter, by position: the first field is the first column. There is no header.',
  options: [
    {
      key: 'field-delimiter',
      type: 'string',
      default: ',',
      description: 'One character; as `\\t` or `\\u0001` too.',
    },
    {
      key: 'disable-quote-character',
      type: 'boolean',
      default: 'false',
      description: 'Whether there is no quoting at all.',
    },
    { key: 'quote-character', type: 'string', default: '"', description: 'One character around values.' },
    {
      key: 'allow-comments',
      type: 'boolean',
      default: 'false',
      description: 'Whether lines that begin with `#` are skipped.',
    },
    {
      key: 'ignore-parse-errors',
      type: 'boolean',
      default: 'false',
      description:
        'Fields that cannot be converted and fields that are missing become NULL, and records with too many fields are skipped, counted in both cases, instead of failing the job.',
    },
    {
      key: 'array-element-delimiter',
      type: 'string',
      default: ';',
      description: 'Between the elements of an ARRAY and the fields of a ROW.',
    },
    {
      key: 'escape-character',
      type: 'string',
      description: 'The character that takes the meaning from the one behind it; absent: there is none.',
    },
    {
      key: 'null-literal',
      type: 'string',
      description: 'Text that means NULL, read and written; absent: NULL is written as nothing and never read.',
    },
    {
      key: 'write-bigdecimal-in-scientific-notation',
      type: 'boolean',
      default: 'true',
      description: 'Whether small decimals are written with an exponent (2.7E-8) and not plainly (0.000000027).',
    },
  ],
  changelogMode: INSERT_ONLY,
  decodes: true,
  encodes: true,
  validate(columns, options) {
    requireCharacter(options, 'field-delimiter')
    requireCharacter(options, 'quote-character')
    requireCharacter(options, 'escape-character')
    if (options.boolean('disable-quote-character') && options.has('quote-character')) {
      throw new MillraceError(
        'INVALID_OPTION',
        'option "csv.quote-character" cannot be given where "csv.disable-quote-character" is true',
      )
    }
    for (const { name, type } of columns) requireCsvType(name, type, true)
  },
  example: `CREATE TABLE orders (
  id BIGINT,
  customer STRING,
  amount DECIMAL(10, 2)
) WITH (
  'connector' = 'filesystem',
  'path' = 'orders.csv',
  'format' = 'csv',
  'csv.field-delimiter' = ';',
  'csv.null-literal' = 'n/a'
)`,
}

function requireCharacter(options: OptionValues, key: string): void {
  const text = options.optionalString(key)
  if (text === undefined || /^(?:[\u0000-\u007f]|\\.|\\u00[0-7][0-9a-fA-F])$/s.test(text)) return
  throw new MillraceError('INVALID_OPTION', `option "csv.${key}" cannot be '${text}'`, {
    detail: 'It takes one ASCII character.',
  })
}

function requireCsvType(column: string, type: SqlType, isTop: boolean): void {
  switch (type.kind) {
    case 'ARRAY':
      if (isTop) return requireCsvType(column, type.element, false)
      break
    case 'ROW':
      if (isTop) return type.fields.forEach((field) => requireCsvType(column, field.type, false))
      break
    case 'MAP':
    case 'MULTISET':
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      break
    default:
      return
  }
  throw new MillraceError('INVALID_DEFINITION', `column "${column}" cannot be CSV`, {
    detail: `CSV has no ${typeToString(type)}${isTop ? '' : ' inside of another value'}.`,
  })
}
