/** Text as bytes and digits, and hashes. */
import { createHash } from 'node:crypto'
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { BYTES, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { define, defineWith } from './define.ts'
import { nullableWith, type ScalarFunction } from './function.ts'

function base64Bytes(text: string): Buffer {
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text) ?? []
  const fits = padding === '' ? digits.length % 4 !== 1 : (digits.length + padding.length) % 4 === 0
  if (digits.length + padding.length !== text.length || !fits)
    throw new MillraceError('INVALID_ARGUMENT', `'${text}' is not in base 64`)
  return Buffer.from(text, 'base64')
}

// --- character sets

interface CharacterSet {
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
}

/** One byte a character up to `last`; others become `?`, other bytes U+FFFD. */
function singleByte(last: number): CharacterSet {
  return {
    encode: (text) =>
      Uint8Array.from([...text], (character) => {
        const code = character.codePointAt(0) ?? 0
        return code <= last ? code : 0x3f
      }),
    decode: (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte <= last ? byte : 0xfffd)).join(''),
  }
}

function utf16(label: 'utf-16le' | 'utf-16be'): CharacterSet {
  const decoder = new TextDecoder(label, { ignoreBOM: true })
  return {
    encode: (text) => {
      const bytes = Buffer.from(text.toWellFormed(), 'utf16le')
      return label === 'utf-16le' ? bytes : bytes.swap16()
    },
    decode: (bytes) => decoder.decode(bytes),
  }
}

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true })
const [UTF_16LE, UTF_16BE] = [utf16('utf-16le'), utf16('utf-16be')]

/** By the names that Java has for them. UTF-16 is written with a mark of its byte order, the high byte first. */
const CHARACTER_SETS: Readonly<Record<string, CharacterSet>> = {
  'US-ASCII': singleByte(0x7f),
  'ISO-8859-1': singleByte(0xff),
  'UTF-8': { encode: (text) => Buffer.from(text), decode: (bytes) => UTF_8.decode(bytes) },
  'UTF-16BE': UTF_16BE,
  'UTF-16LE': UTF_16LE,
  'UTF-16': {
    encode: (text) => Buffer.concat(text === '' ? [] : [Buffer.from([0xfe, 0xff]), UTF_16BE.encode(text)]),
    decode: (bytes) => {
      const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe
      const isMarked = isLittle || (bytes[0] === 0xfe && bytes[1] === 0xff)
      return (isLittle ? UTF_16LE : UTF_16BE).decode(isMarked ? bytes.subarray(2) : bytes)
    },
  },
}

function characterSet(name: Value): CharacterSet {
  const found = CHARACTER_SETS[String(name).toUpperCase()]
  if (found !== undefined) return found
  throw new MillraceError('INVALID_ARGUMENT', `character set '${String(name)}' is not known`, {
    hint: `Character sets are ${Object.keys(CHARACTER_SETS).join(', ')}.`,
  })
}

// --- hashes

function hash(name: string, algorithm: string, length: number, example: string): ScalarFunction {
  return define({
    name,
    category: 'hash',
    signatures: [`${name}(string)`],
    description: `The ${name} hash as hexadecimal digits.`,
    examples: [[`LEFT(${name}('a'), 8)`, example]],
    parameters: ['text'],
    returns: { kind: 'CHAR', length, nullable: true },
    evaluate: ([text]) => digest(algorithm, text as string),
  })
}

function digest(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex')
}

const SHA2_LENGTHS: readonly unknown[] = [224, 256, 384, 512]

const SHA2 = defineWith(
  {
    name: 'SHA2',
    category: 'hash',
    signatures: ['SHA2(string, length)'],
    description: 'The hash of the SHA-2 family with 224, 256, 384 or 512 bits, as hexadecimal digits.',
    examples: [["LEFT(SHA2('a', 256), 8)", 'ca978112']],
  },
  (args) => {
    const [text, length] = args
    if (text === undefined || length === undefined || args.length !== 2) return undefined
    if (!['CHAR', 'VARCHAR', 'NULL'].includes(text.type.kind)) return undefined
    if (!['TINYINT', 'SMALLINT', 'INT', 'NULL'].includes(length.type.kind)) return undefined
    if (length.literal !== undefined && length.literal !== null) requireLength(length.literal)
    const type: SqlType = { kind: 'VARCHAR', length: 128, nullable: true }
    return { argumentTypes: [STRING, length.type], returnType: nullableWith(type, args) }
  },
  () => (text, length) => {
    requireLength(length)
    return digest(`sha${String(length)}`, text as string)
  },
)

function requireLength(length: unknown): void {
  if (SHA2_LENGTHS.includes(length)) return
  throw new MillraceError('INVALID_ARGUMENT', `SHA2 has no hash of ${String(length)} bits`, {
    hint: 'The length is 224, 256, 384 or 512.',
  })
}

/** Of an odd number of digits the first is given up for a zero byte; NULL where another character is among them. */
function unhex(text: string): Value {
  if (!/^[0-9a-fA-F]*$/.test(text)) return null
  return new Uint8Array(Buffer.from(text.length % 2 === 1 ? `00${text.slice(1)}` : text, 'hex'))
}

export const ENCODING_FUNCTIONS: readonly ScalarFunction[] = [
  define({
    category: 'string',
    name: 'TO_BASE64',
    signatures: ['TO_BASE64(string)'],
    description: 'The text in base 64.',
    examples: [["TO_BASE64('hello')", 'aGVsbG8=']],
    parameters: ['text'],
    returns: STRING,
    evaluate: ([value]) => Buffer.from(value as string).toString('base64'),
  }),
  define({
    category: 'string',
    name: 'FROM_BASE64',
    signatures: ['FROM_BASE64(string)'],
    description: 'The text that is written in base 64.',
    examples: [["FROM_BASE64('aGVsbG8=')", 'hello']],
    parameters: ['text'],
    returns: STRING,
    evaluate: ([value]) => base64Bytes(value as string).toString(),
  }),
  define({
    name: 'ENCODE',
    category: 'string',
    signatures: ['ENCODE(string, character_set)'],
    description: 'The bytes of a text in a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16.',
    examples: [["ENCODE('é', 'UTF-8') = X'c3a9'", 'TRUE']],
    parameters: ['text', 'text'],
    returns: BYTES,
    evaluate: ([text, name]) => characterSet(name ?? null).encode(text as string),
  }),
  define({
    name: 'DECODE',
    category: 'string',
    signatures: ['DECODE(bytes, character_set)'],
    description: 'The text of bytes in a character set: US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16.',
    examples: [["DECODE(X'c3a9', 'UTF-8')", 'é']],
    parameters: ['bytes', 'text'],
    returns: STRING,
    evaluate: ([bytes, name]) => characterSet(name ?? null).decode(bytes as Uint8Array),
  }),
  define({
    name: 'UNHEX',
    category: 'arithmetic',
    signatures: ['UNHEX(string)'],
    description:
      'The bytes that are written in hexadecimal digits, with a zero byte for the first of an odd number; NULL where the text has other characters.',
    examples: [["DECODE(UNHEX('466C696E6B'), 'UTF-8')", 'Flink']],
    parameters: ['text'],
    nullable: true,
    returns: withNullability(BYTES, true),
    evaluate: ([text]) => unhex(text as string),
  }),
  hash('MD5', 'md5', 32, '0cc175b9'),
  hash('SHA1', 'sha1', 40, '86f7e437'),
  hash('SHA224', 'sha224', 56, 'abd37534'),
  hash('SHA256', 'sha256', 64, 'ca978112'),
  hash('SHA384', 'sha384', 96, '54a59b9f'),
  hash('SHA512', 'sha512', 128, '1f40fc92'),
  SHA2,
]
