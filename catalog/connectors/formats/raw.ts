/** https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/raw/ */
import { MillraceError } from '../../../core/errors.ts'
import { type SqlType, typeToString } from '../../../core/types.ts'
import { type FormatDescriptor, INSERT_ONLY } from '../../connector.ts'

const KINDS = new Set<SqlType['kind']>([
  'CHAR',
  'VARCHAR',
  'BINARY',
  'VARBINARY',
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'RAW',
])

export const RAW_FORMAT: FormatDescriptor = {
  name: 'raw',
  title: 'Raw',
  description: 'The whole record is the value of the one column.',
  options: [
    {
      key: 'charset',
      type: 'string',
      default: 'UTF-8',
      description: 'Encoding of text: UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16LE or UTF-16BE.',
    },
    {
      key: 'endianness',
      type: 'enum',
      values: ['big-endian', 'little-endian'],
      default: 'big-endian',
      description: 'Order of the bytes of numbers.',
    },
  ],
  changelogMode: INSERT_ONLY,
  decodes: true,
  encodes: true,
  validate(columns, options) {
    const [column] = columns
    if (column === undefined || columns.length !== 1) {
      throw new MillraceError('INVALID_DEFINITION', `format "raw" takes one column, not ${columns.length}`, {
        hint: 'Declare the others as metadata or computed columns.',
      })
    }
    if (!KINDS.has(column.type.kind)) {
      throw new MillraceError(
        'INVALID_DEFINITION',
        `column "${column.name}" of type ${typeToString(column.type)} cannot be raw`,
      )
    }
    requireCharset(options.string('charset'))
  },
  example: `CREATE TABLE lines (
  line STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'access.log',
  'format' = 'raw'
)`,
}

export type Charset = 'utf8' | 'latin1' | 'ascii' | 'utf16' | 'utf16le' | 'utf16be'

const CHARSETS: Readonly<Record<string, Charset>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'us-ascii': 'ascii',
  ascii: 'ascii',
  'utf-16': 'utf16',
  'utf-16le': 'utf16le',
  'utf-16be': 'utf16be',
}

export function requireCharset(name: string): Charset {
  const charset = CHARSETS[name.toLowerCase()]
  if (charset !== undefined) return charset
  throw new MillraceError('INVALID_OPTION', `option "raw.charset" cannot be '${name}'`, {
    detail: 'It takes UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16LE or UTF-16BE.',
  })
}
