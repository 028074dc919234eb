/** Functions over text. Positions and lengths count characters (code points), from 1. */
import type { Value } from '../../core/column.ts'
import { BOOLEAN, INT, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { type ByteArena, byteOffsetOf, countCharacters, isAscii } from '../codegen/byte-arena.ts'
import { eitherNull, type Fragment, type ScalarFragment, type ViewFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import { define, defineWith, type Definition } from './define.ts'
import { nullableWith, type ScalarFunction } from './function.ts'
import { splitIndexCode } from './split-code.ts'
import { concatenated, firstTwo, likeFirst, oneOfOthers, partOfFirst } from './text-type.ts'

const text = (
  definition: Omit<Definition, 'category' | 'returns'> & { readonly returns?: Definition['returns'] },
): ScalarFunction => define({ category: 'string', returns: STRING, ...definition })

/** A result that lies in the same bytes as its argument. */
function within(input: ViewFragment, type: SqlType, isNull: string, start: string, length: string): Fragment {
  return { representation: 'view', type, isNull, data: input.data, start, length, source: input.source }
}

// --- SUBSTRING, LEFT, RIGHT

function substringText(value: string, start: number, length: number): string {
  const characters = [...value]
  const from = start > 0 ? start - 1 : start < 0 ? characters.length + start : 0
  return from < 0 ? '' : characters.slice(from, from + length).join('')
}

/** Byte range of a substring; start and length as in SQL. The answer is start << 32 | length in two numbers. */
function substringRange(
  data: Uint8Array,
  start: number,
  length: number,
  from: number,
  count: number,
  range: Int32Array,
): void {
  if (isAscii(data, start, length)) {
    const first = from > 0 ? from - 1 : from < 0 ? length + from : 0
    const low = Math.min(length, Math.max(0, first))
    const high = first < 0 ? low : Math.min(length, first + count)
    range[0] = start + low
    range[1] = high - low
    return
  }
  const total = countCharacters(data, start, length)
  const first = from > 0 ? from - 1 : from < 0 ? total + from : 0
  const low = byteOffsetOf(data, start, length, Math.max(0, first))
  const high = first < 0 ? low : byteOffsetOf(data, start, length, Math.min(total, first + count))
  range[0] = start + low
  range[1] = Math.max(0, high - low)
}

function generateRange(
  generator: Generator,
  args: readonly Fragment[],
  type: SqlType,
  from: string,
  count: string,
): Fragment | undefined {
  const [input] = args
  if (input === undefined || input.representation !== 'view') return undefined
  const range = generator.constant(new Int32Array(2))
  const [start, length] = [generator.name('s_'), generator.name('l_')]
  generator.line(
    `${generator.constant(substringRange)}(${input.data}, ${input.start}, ${input.length}, ${from}, ${count}, ${range}); const ${start} = ${range}[0], ${length} = ${range}[1];`,
  )
  return within(input, type, eitherNull(args), start, length)
}

const SUBSTRING = text({
  name: 'SUBSTRING',
  aliases: ['SUBSTR'],
  signatures: ['SUBSTRING(string FROM start [FOR length])', 'SUBSTRING(string, start [, length])'],
  description: 'A part of the text. A negative start counts from the end; a negative length gives NULL.',
  nullable: true,
  returns: partOfFirst,
  examples: [["SUBSTRING('hello', 2, 3)", 'ell']],
  parameters: ['text', 'int', 'int'],
  minimum: 2,
  evaluate: ([value, start, length]) =>
    length !== undefined && (length as number) < 0
      ? null
      : substringText(value as string, start as number, (length ?? 2 ** 31) as number),
  generate: (generator, args, call) => {
    const [, start, length] = args
    const from = (start as ScalarFragment).value
    if (length === undefined) return generateRange(generator, args, call.returnType, from, '0x7fffffff')
    const count = (length as ScalarFragment).value
    const range = generateRange(generator, args, call.returnType, from, `Math.max(0, ${count})`)
    return range === undefined ? undefined : { ...range, isNull: `(${range.isNull} | (${count} < 0 ? 1 : 0))` }
  },
})

const LEFT = text({
  name: 'LEFT',
  signatures: ['LEFT(string, length)'],
  description: 'The first characters.',
  examples: [["LEFT('hello', 2)", 'he']],
  nullable: true,
  returns: partOfFirst,
  parameters: ['text', 'int'],
  evaluate: ([value, length]) => substringText(value as string, 1, Math.max(0, length as number)),
  generate: (generator, args, call) =>
    generateRange(generator, args, call.returnType, '1', `Math.max(0, ${(args[1] as ScalarFragment).value})`),
})

const RIGHT = text({
  name: 'RIGHT',
  signatures: ['RIGHT(string, length)'],
  description: 'The last characters.',
  examples: [["RIGHT('hello', 2)", 'lo']],
  nullable: true,
  returns: partOfFirst,
  parameters: ['text', 'int'],
  evaluate: ([value, length]) =>
    (length as number) <= 0 ? '' : [...(value as string)].slice(-(length as number)).join(''),
})

// --- UPPER, LOWER

/** Writes the text with its ASCII letters changed; anything else goes through JavaScript's Unicode mapping. */
function mapCase(arena: ByteArena, data: Uint8Array, start: number, length: number, upper: boolean): void {
  arena.reserve(length)
  const out = arena.data
  let at = arena.size
  const [low, high, delta] = upper ? [97, 122, -32] : [65, 90, 32]
  for (let i = start; i < start + length; i++) {
    const byte = data[i] as number
    if (byte >= 0x80) {
      const value = Buffer.from(data.buffer, data.byteOffset + start, length).toString()
      arena.putText(upper ? value.toUpperCase() : value.toLowerCase())
      return
    }
    out[at++] = byte >= low && byte <= high ? byte + delta : byte
  }
  arena.size = at
}

function caseFunction(name: 'UPPER' | 'LOWER', example: string): ScalarFunction {
  const upper = name === 'UPPER'
  return text({
    name,
    signatures: [`${name}(string)`],
    description: `The text in ${upper ? 'upper' : 'lower'} case.`,
    examples: [[`${name}('Hello')`, example]],
    parameters: ['text'],
    returns: likeFirst,
    evaluate: ([value]) => (upper ? (value as string).toUpperCase() : (value as string).toLowerCase()),
    generate: (generator, [input], call) => {
      if (input === undefined || input.representation !== 'view') return undefined
      return generateWrite(
        generator,
        [input],
        call.returnType,
        `${generator.constant(mapCase)}(arena, ${input.data}, ${input.start}, ${input.length}, ${upper});`,
      )
    },
  })
}

/** Code that puts one value into the arena. */
function generateWrite(generator: Generator, args: readonly Fragment[], type: SqlType, write: string): Fragment {
  const isNull = eitherNull(args)
  const [start, length] = [generator.name('s_'), generator.name('l_')]
  const code = `${write} ${start} = arena.start; ${length} = arena.size - ${start};`
  generator.line(`let ${start} = 0, ${length} = 0; ${isNull === '0' ? code : `if (${isNull} === 0) { ${code} }`}`)
  return { representation: 'view', type, isNull, data: 'arena.data', start, length, source: { kind: 'arena' } }
}

// --- concatenation

function concatenation(
  name: string,
  signatures: readonly string[],
  example: readonly [string, string],
  minimum: number,
): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'string',
      signatures,
      description: 'The texts one behind the other; NULL when one of them is NULL.',
      examples: [example],
      generate: (generator, args, call) => {
        const views = args.filter((arg): arg is ViewFragment => arg.representation === 'view')
        if (views.length !== args.length) return undefined
        const total = views.map((view) => view.length).join(' + ')
        const writes = views.map(
          (view) =>
            `copyBytes(${view.data}, ${view.start}, arena.data, arena.size, ${view.length}); arena.size += ${view.length};`,
        )
        return generateWrite(generator, views, call.returnType, `arena.reserve(${total}); ${writes.join(' ')}`)
      },
    },
    (args) => {
      const fits =
        args.length >= minimum &&
        args.every((arg) => ['CHAR', 'VARCHAR', 'NULL'].includes(arg.type.kind) || name === 'CONCAT')
      return fits
        ? {
            argumentTypes: args.map((arg) => withNullability(STRING, arg.type.nullable)),
            returnType: nullableWith(name === 'CONCAT' ? STRING : concatenated(args), args),
          }
        : undefined
    },
    () =>
      (...values) =>
        values.join(''),
  )
}

// --- lengths and positions

const CHAR_LENGTH = text({
  name: 'CHAR_LENGTH',
  aliases: ['CHARACTER_LENGTH'],
  signatures: ['CHAR_LENGTH(string)'],
  description: 'The number of characters.',
  examples: [["CHAR_LENGTH('hello')", '5']],
  parameters: ['text'],
  returns: INT,
  evaluate: ([value]) => [...(value as string)].length,
  generate: (generator, [input], call) => {
    if (input === undefined || input.representation !== 'view') return undefined
    const out = generator.name('x')
    generator.line(`const ${out} = countCharacters(${input.data}, ${input.start}, ${input.length});`)
    return { representation: 'number', type: call.returnType, isNull: input.isNull, value: out }
  },
})

function characterCount(text: string): number {
  return [...text].length
}

function position(haystack: string, needle: string, from = 1): number {
  if (needle === '') return from
  const prefix = [...haystack].slice(0, from - 1).join('').length
  const at = haystack.indexOf(needle, prefix)
  return at < 0 ? 0 : characterCount(haystack.slice(0, at)) + 1
}

/** @param start negative: from the end, towards the beginning */
function occurrencePosition(haystack: string, needle: string, start: number, occurrence: number): number {
  const characters = [...haystack]
  const wanted = [...needle]
  const step = start < 0 ? -1 : 1
  let left = occurrence
  for (let at = start < 0 ? characters.length + start : start - 1; at >= 0 && at < characters.length; at += step) {
    if (start === 0 || !wanted.every((character, index) => characters[at + index] === character)) continue
    if (--left <= 0) return at + 1
  }
  return 0
}

// --- TRIM

function trimmed(value: string, characters: string, left: boolean, right: boolean): string {
  const set = new Set(characters)
  const all = [...value]
  let start = 0
  let end = all.length
  while (left && start < end && set.has(all[start] ?? '')) start++
  while (right && end > start && set.has(all[end - 1] ?? '')) end--
  return all.slice(start, end).join('')
}

function trim(name: string, left: boolean, right: boolean, example: readonly [string, string]): ScalarFunction {
  return text({
    name,
    signatures: [`${name}(string [, characters])`],
    description: `Without the characters (blanks, unless given) at ${left && right ? 'both ends' : left ? 'the beginning' : 'the end'}.`,
    examples: [example],
    parameters: ['text', 'text'],
    minimum: 1,
    returns: name === 'BTRIM' ? STRING : partOfFirst,
    evaluate: ([value, characters]) => trimmed(value as string, (characters ?? ' ') as string, left, right),
  })
}

/** The binder calls it with the side and the characters first: `TRIM('BOTH', ' ', s)`. */
const TRIM = defineWith(
  {
    name: 'TRIM',
    category: 'string',
    signatures: ['TRIM([BOTH | LEADING | TRAILING] [characters FROM] string)'],
    description: 'Without the characters (blanks, unless given) at its ends.',
    examples: [
      ["TRIM(' a ')", 'a'],
      ["TRIM(LEADING 'x' FROM 'xxa')", 'a'],
    ],
  },
  (args) => {
    if (args.length !== 3 && args.length !== 1) return undefined
    if (!args.every((arg) => ['CHAR', 'VARCHAR', 'NULL'].includes(arg.type.kind))) return undefined
    return {
      argumentTypes: args.map((arg) => withNullability(STRING, arg.type.nullable)),
      returnType: nullableWith(partOfFirst(args.slice(-1)), args),
    }
  },
  () =>
    (...args) => {
      const [side, characters, value] = args.length === 1 ? ['BOTH', ' ', args[0]] : args
      return trimmed(value as string, characters as string, side !== 'TRAILING', side !== 'LEADING')
    },
)

// --- SPLIT_INDEX

const SPLIT_INDEX = text({
  name: 'SPLIT_INDEX',
  signatures: ['SPLIT_INDEX(string, delimiter, index)'],
  description: 'The part at an index (from 0) between the delimiters; NULL where there is none.',
  examples: [["SPLIT_INDEX('a/b/c', '/', 1)", 'b']],
  parameters: ['text', 'text', 'int'],
  nullable: true,
  evaluate: ([value, delimiter, index]) =>
    (index as number) < 0 || delimiter === '' || value === ''
      ? null
      : ((value as string).split(delimiter as string)[index as number] ?? null),
  generate: splitIndexCode,
})

function pad(value: string, length: number, padding: string, left: boolean): Value {
  const characters = [...value]
  if (length < 0 || (padding === '' && length > characters.length)) return null
  if (length <= characters.length) return characters.slice(0, length).join('')
  const filler = [...padding]
  const fill = Array.from({ length: length - characters.length }, (_, index) => filler[index % filler.length]).join('')
  return left ? fill + value : value + fill
}

export const STRING_FUNCTIONS: readonly ScalarFunction[] = [
  concatenation('||', ['string1 || string2'], ["'a' || 'b'", 'ab'], 2),
  concatenation('CONCAT', ['CONCAT(string1 [, string2]*)'], ["CONCAT('a', 'b', 'c')", 'abc'], 1),
  text({
    name: 'CONCAT_WS',
    signatures: ['CONCAT_WS(separator, string1 [, string2]*)'],
    description: 'The texts that are not NULL, with the separator between them.',
    examples: [["CONCAT_WS('-', 'a', 'b')", 'a-b']],
    parameters: ['text', 'text'],
    minimum: 2,
    repeatLast: true,
    strict: false,
    nullable: true,
    evaluate: ([separator, ...values]) =>
      separator === null ? null : values.filter((value) => value !== null).join(separator as string),
  }),
  caseFunction('UPPER', 'HELLO'),
  caseFunction('LOWER', 'hello'),
  text({
    name: 'INITCAP',
    signatures: ['INITCAP(string)'],
    description: 'Words with a capital first letter and small others.',
    examples: [["INITCAP('heLLo world')", 'Hello World']],
    parameters: ['text'],
    returns: likeFirst,
    evaluate: ([value]) =>
      (value as string)
        .toLowerCase()
        .replace(/[\p{L}\p{N}]+/gu, (word) => (word[0] ?? '').toUpperCase() + word.slice(1)),
  }),
  SUBSTRING,
  LEFT,
  RIGHT,
  CHAR_LENGTH,
  TRIM,
  trim('LTRIM', true, false, ["LTRIM('  a')", 'a']),
  trim('RTRIM', false, true, ["RTRIM('a  ')", 'a']),
  trim('BTRIM', true, true, ["BTRIM(' a ')", 'a']),
  text({
    name: 'POSITION',
    signatures: ['POSITION(string1 IN string2)'],
    description: 'Where the first text stands in the second; 0: nowhere.',
    examples: [["POSITION('l' IN 'hello')", '3']],
    parameters: ['text', 'text', 'int'],
    minimum: 2,
    returns: INT,
    evaluate: ([needle, value, from]) => position(value as string, needle as string, (from ?? 1) as number),
  }),
  text({
    name: 'LOCATE',
    signatures: ['LOCATE(needle, string [, start])'],
    description: 'Where the first text stands in the second; 0: nowhere.',
    examples: [["LOCATE('l', 'hello', 4)", '4']],
    parameters: ['text', 'text', 'int'],
    minimum: 2,
    returns: INT,
    evaluate: ([needle, value, from]) => position(value as string, needle as string, (from ?? 1) as number),
  }),
  text({
    name: 'INSTR',
    signatures: ['INSTR(string, needle [, start [, occurrence]])'],
    description:
      'Where the second text stands in the first, looked for from a position (negative: from the end, backwards), the first or another time; 0: nowhere.',
    examples: [
      ["INSTR('hello', 'l')", '3'],
      ["INSTR('hello', 'l', 1, 2)", '4'],
      ["INSTR('hello', 'l', -1)", '4'],
    ],
    parameters: ['text', 'text', 'int', 'int'],
    minimum: 2,
    returns: INT,
    evaluate: ([value, needle, start, occurrence]) =>
      occurrencePosition(value as string, needle as string, (start ?? 1) as number, (occurrence ?? 1) as number),
  }),
  text({
    name: 'REPLACE',
    signatures: ['REPLACE(string, search, replacement)'],
    description: 'With every occurrence of a text replaced.',
    examples: [["REPLACE('hello', 'l', 'L')", 'heLLo']],
    parameters: ['text', 'text', 'text'],
    evaluate: ([value, search, replacement]) =>
      (value as string).replaceAll(search as string, () => replacement as string),
  }),
  text({
    name: 'REPEAT',
    signatures: ['REPEAT(string, n)'],
    description: 'The text n times.',
    examples: [["REPEAT('ab', 2)", 'abab']],
    parameters: ['text', 'int'],
    evaluate: ([value, times]) => (value as string).repeat(Math.max(0, times as number)),
  }),
  text({
    name: 'REVERSE',
    signatures: ['REVERSE(string)'],
    description: 'The characters in the opposite order.',
    examples: [["REVERSE('abc')", 'cba']],
    parameters: ['text'],
    nullable: true,
    evaluate: ([value]) => [...(value as string)].reverse().join(''),
  }),
  text({
    name: 'OVERLAY',
    signatures: ['OVERLAY(string1 PLACING string2 FROM start [FOR length])'],
    description: 'With a part replaced by another text.',
    examples: [["OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6)", 'xxxxxxxxx']],
    parameters: ['text', 'text', 'int', 'int'],
    minimum: 3,
    returns: firstTwo,
    evaluate: ([value, replacement, start, length]) => {
      const all = [...(value as string)]
      const from = start as number
      const count = (length ?? [...(replacement as string)].length) as number
      return from < 1 || from > all.length
        ? (value as string)
        : all.slice(0, from - 1).join('') + (replacement as string) + all.slice(from - 1 + count).join('')
    },
  }),
  text({
    name: 'LPAD',
    signatures: ['LPAD(string, length, padding)'],
    description: 'Filled up on the left, or cut, to a length.',
    examples: [["LPAD('hi', 4, '??')", '??hi']],
    parameters: ['text', 'int', 'text'],
    nullable: true,
    evaluate: ([value, length, padding]) => pad(value as string, length as number, padding as string, true),
  }),
  text({
    name: 'RPAD',
    signatures: ['RPAD(string, length, padding)'],
    description: 'Filled up on the right, or cut, to a length.',
    examples: [["RPAD('hi', 4, '??')", 'hi??']],
    parameters: ['text', 'int', 'text'],
    nullable: true,
    evaluate: ([value, length, padding]) => pad(value as string, length as number, padding as string, false),
  }),
  SPLIT_INDEX,
  text({
    name: 'STARTSWITH',
    signatures: ['STARTSWITH(string, prefix)'],
    description: 'Whether the text begins with another.',
    examples: [["STARTSWITH('hello', 'he')", 'TRUE']],
    parameters: ['text', 'text'],
    returns: BOOLEAN,
    evaluate: ([value, prefix]) => (value as string).startsWith(prefix as string),
  }),
  text({
    name: 'ENDSWITH',
    signatures: ['ENDSWITH(string, suffix)'],
    description: 'Whether the text ends with another.',
    examples: [["ENDSWITH('hello', 'lo')", 'TRUE']],
    parameters: ['text', 'text'],
    returns: BOOLEAN,
    evaluate: ([value, suffix]) => (value as string).endsWith(suffix as string),
  }),
  text({
    name: 'TRANSLATE',
    signatures: ['TRANSLATE(string, from, to)'],
    description: 'With each character of `from` replaced by the one at its place in `to`.',
    examples: [["TRANSLATE('abc', 'ab', 'x')", 'xc']],
    parameters: ['text', 'text', 'text'],
    evaluate: ([value, from, to]) => {
      const target = [...(to as string)]
      const map = new Map<string, string>()
      ;[...(from as string)].forEach((character, index) => {
        if (!map.has(character)) map.set(character, target[index] ?? '')
      })
      return [...(value as string)].map((character) => map.get(character) ?? character).join('')
    },
  }),
  text({
    name: 'ASCII',
    signatures: ['ASCII(string)'],
    description: 'The code of the first character.',
    examples: [["ASCII('a')", '97']],
    parameters: ['text'],
    returns: INT,
    evaluate: ([value]) => ((value as string) === '' ? 0 : (Buffer.from(value as string)[0] ?? 0)),
  }),
  text({
    name: 'CHR',
    signatures: ['CHR(integer)'],
    description: 'The character of a code from 0 to 255 (taken modulo 256).',
    examples: [['CHR(97)', 'a']],
    parameters: ['bigint'],
    nullable: true,
    evaluate: ([value]) => ((value as bigint) < 0n ? '' : String.fromCharCode(Number((value as bigint) & 255n))),
  }),
  text({
    name: 'ELT',
    signatures: ['ELT(index, string1 [, string2]*)'],
    description: 'The text at an index (from 1); NULL where there is none.',
    examples: [["ELT(2, 'a', 'b')", 'b']],
    parameters: ['int', 'text'],
    repeatLast: true,
    nullable: true,
    returns: oneOfOthers,
    strict: false,
    evaluate: ([index, ...values]) => (index === null ? null : (values[(index as number) - 1] ?? null)),
  }),
]
