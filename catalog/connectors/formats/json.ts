/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/json/ */
import { MillraceError } from '../../../core/errors.ts'
import { mapTypes, type SqlType, typeToString } from '../../../core/types.ts'
import { type FormatDescriptor, INSERT_ONLY } from '../../connector.ts'

export const JSON_FORMAT: FormatDescriptor = {
  name: 'json',
  title: 'JSON',
  description: 'One JSON object a record; in files, one a line. Fields are found by name, in any order.',
  options: [
    {
      key: 'fail-on-missing-field',
      type: 'boolean',
      default: 'false',
      description: 'Whether a record without one of the fields is an error; otherwise the field is NULL.',
    },
    {
      key: 'ignore-parse-errors',
      type: 'boolean',
      default: 'false',
      description:
        'Fields that cannot be converted become NULL and records that are not JSON are skipped, both counted, instead of failing the job.',
    },
    {
      key: 'timestamp-format.standard',
      type: 'enum',
      values: ['SQL', 'ISO-8601'],
      default: 'SQL',
      description:
        'Form of timestamps: SQL "yyyy-MM-dd HH:mm:ss.s{precision}", ISO-8601 with "T" between; TIMESTAMP_LTZ ends in "Z" in both.',
    },
    {
      key: 'map-null-key.mode',
      type: 'enum',
      values: ['FAIL', 'DROP', 'LITERAL'],
      default: 'FAIL',
      description: 'What to do with a NULL key of a MAP that is written: fail, drop the entry, or write the literal.',
    },
    {
      key: 'map-null-key.literal',
      type: 'string',
      default: 'null',
      description: "The key that stands for NULL where 'map-null-key.mode' is 'LITERAL'.",
    },
    {
      key: 'encode.decimal-as-plain-number',
      type: 'boolean',
      default: 'false',
      description: 'Whether small decimals are written plainly (0.000000027) and not with an exponent (2.7E-8).',
    },
    {
      key: 'encode.ignore-null-fields',
      type: 'boolean',
      default: 'false',
      description: 'Whether fields that are NULL are left out.',
    },
    {
      key: 'decode.json-parser.enabled',
      type: 'boolean',
      default: 'true',
      description: 'Taken for compatibility; there is one decoder and it gives the same rows either way.',
    },
  ],
  changelogMode: INSERT_ONLY,
  decodes: true,
  skipsNestedFields: true,
  encodes: true,
  validate(columns, options) {
    if (options.boolean('fail-on-missing-field') && options.boolean('ignore-parse-errors')) {
      throw new MillraceError(
        'INVALID_OPTION',
        'options "json.fail-on-missing-field" and "json.ignore-parse-errors" cannot both be true',
      )
    }
    for (const { name, type } of columns) requireJsonType(name, type)
  },
  example: `CREATE TABLE orders (
  id BIGINT,
  item ROW<name STRING, price DECIMAL(10, 2)>,
  ordered_at TIMESTAMP(3)
) WITH (
  'connector' = 'filesystem',
  'path' = 'orders/',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
)`,
}

export function requireJsonType(column: string, type: SqlType): void {
  switch (type.kind) {
    case 'ARRAY':
      return requireJsonType(column, type.element)
    case 'MAP':
    case 'MULTISET': {
      const pair = mapTypes(type)
      if (pair !== undefined && (pair.key.kind === 'CHAR' || pair.key.kind === 'VARCHAR')) {
        return requireJsonType(column, pair.value)
      }
      break
    }
    case 'ROW':
      return type.fields.forEach((field) => requireJsonType(column, field.type))
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      break
    default:
      return
  }
  throw new MillraceError('INVALID_DEFINITION', `column "${column}" of type ${typeToString(type)} cannot be JSON`, {
    detail: type.kind === 'MAP' || type.kind === 'MULTISET' ? 'Keys of a JSON object are text.' : undefined,
  })
}
