/** LIKE, SIMILAR TO and the REGEXP functions. Regular expressions are JavaScript's, which read Java's common ones alike. */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { BOOLEAN, INT, type SqlType, STRING } from '../../core/types.ts'
import type { Fragment, ViewFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import { compileBytePattern } from './byte-pattern.ts'
import { define, defineWith } from './define.ts'
import { containsText, requiredText } from './required-text.ts'
import { type CallSite, fixedSignature, type ScalarFunction } from './function.ts'

const TEXT = { category: 'text', castTo: STRING } as const

/** A function of the pattern, remembered for the patterns of the last rows; a literal pattern is compiled once. */
export function remembered<T>(
  compile: (pattern: string, escape: string | undefined) => T,
): (pattern: string, escape?: string) => T {
  const known = new Map<string, T>()
  let [last, lastEscape]: [string | undefined, string | undefined] = [undefined, undefined]
  let lastMade: T | undefined
  const make = (pattern: string, escape: string | undefined): T => {
    const key = `${escape ?? ''}\u0000${pattern}`
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size > 100) known.clear()
    const made = compile(pattern, escape)
    known.set(key, made)
    return made
  }
  return (pattern, escape) => {
    if (lastMade === undefined || pattern !== last || escape !== lastEscape) {
      ;[last, lastEscape, lastMade] = [pattern, escape, make(pattern, escape)]
    }
    return lastMade
  }
}

function quote(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}

/** `%` any text, `_` one character; the escape character is `\` unless given. */
function likePattern(pattern: string, escape = '\\'): RegExp {
  let source = ''
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? ''
    if (character === escape && escape !== '') {
      const next = characters[++at]
      if (next === undefined)
        throw new MillraceError('INVALID_ARGUMENT', `LIKE pattern '${pattern}' ends with its escape character`)
      source += quote(next)
    } else source += character === '%' ? '.*' : character === '_' ? '.' : quote(character)
  }
  return new RegExp(`^${source}$`, 'su')
}

/** SQL's regular expressions: `%` and `_` as in LIKE, `| * + ? {} () [] . ^` as in others. */
function similarPattern(pattern: string, escape?: string): RegExp {
  let source = ''
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? ''
    if (character === escape) source += quote(characters[++at] ?? '')
    else if (character === '%') source += '.*'
    else if (character === '_') source += '.'
    else source += /[$\\]/.test(character) ? `\\${character}` : character
  }
  return regularExpression(`^(?:${source})$`, 'su')
}

function regularExpression(source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    throw new MillraceError('INVALID_ARGUMENT', `'${source}' is not a regular expression`, {
      detail: (error as Error).message,
    })
  }
}

/** `abc`, `abc%`, `%abc`, `%abc%`: byte search in place of a regular expression. */
function simpleLike(
  pattern: string,
): { readonly bytes: Uint8Array; readonly open: 'none' | 'end' | 'start' | 'both' } | undefined {
  const match = /^(%?)([^%_\\]*)(%?)$/.exec(pattern)
  if (match === null) return undefined
  const open = match[1] === '%' ? (match[3] === '%' ? 'both' : 'start') : match[3] === '%' ? 'end' : 'none'
  return { bytes: new TextEncoder().encode(match[2] ?? ''), open }
}

function likeCode(
  view: ViewFragment,
  needle: string,
  bytes: Uint8Array,
  open: 'none' | 'end' | 'start' | 'both',
): string {
  const place = `${view.data}, ${view.start}, ${view.length}, ${needle}, 0, ${bytes.length}`
  switch (open) {
    case 'none':
      return `equalBytes(${place})`
    case 'end':
      return `${view.length} >= ${bytes.length} && equalBytes(${view.data}, ${view.start}, ${bytes.length}, ${needle}, 0, ${bytes.length})`
    case 'start':
      return `${view.length} >= ${bytes.length} && equalBytes(${view.data}, ${view.start} + ${view.length} - ${bytes.length}, ${bytes.length}, ${needle}, 0, ${bytes.length})`
    case 'both':
      return `findBytes(${view.data}, ${view.start}, ${view.length}, ${needle}, 0) >= 0`
  }
}

type Matcher = (pattern: string, escape?: string) => RegExp

function predicate(
  name: string,
  compile: Matcher,
  negated: boolean,
  example: readonly [string, string],
): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'comparison',
      signatures: [`string1 ${name} string2 [ESCAPE character]`],
      description: `Whether the text ${negated ? 'does not match' : 'matches'} the pattern.`,
      examples: [example],
      generate: (generator, [input, pattern, escape], call) => {
        if (
          input?.representation !== 'view' ||
          pattern?.representation !== 'view' ||
          pattern.literal === undefined ||
          escape !== undefined ||
          !name.endsWith('LIKE')
        )
          return undefined
        const simple = simpleLike(pattern.literal)
        if (simple === undefined) return undefined
        const value = generator.name('b')
        const code = likeCode(input, generator.constant(simple.bytes), simple.bytes, simple.open)
        generator.line(
          `const ${value} = ${input.isNull === '0' ? '' : `${input.isNull} === 0 && `}${negated ? `!(${code})` : code};`,
        )
        return { representation: 'boolean', type: call.returnType, isNull: input.isNull, value }
      },
    },
    fixedSignature([TEXT, TEXT, TEXT], BOOLEAN, { minimum: 2 }),
    () => {
      const matcher = remembered(compile)
      return (value, pattern, escape) =>
        matcher(pattern as string, escape as string | undefined).test(value as string) !== negated
    },
  )
}

/** Splits as Java does: without empty parts at the end, or into at most `limit` parts. */
export function splitText(delimiter: string): (text: string, limit?: number) => readonly string[] {
  const pattern = regularExpression(delimiter, 'g')
  return (text, limit) => {
    const parts: string[] = []
    let from = 0
    for (const match of text.matchAll(pattern)) {
      if (limit !== undefined && parts.length + 1 >= limit) break
      const end = match.index + match[0].length
      if (end === 0) continue
      parts.push(text.slice(from, match.index))
      from = end
    }
    parts.push(text.slice(from))
    if (limit === undefined) while (parts.length > 1 && parts.at(-1) === '') parts.pop()
    return parts
  }
}

/** All matches of a group, 1 unless given; NULL where the expression cannot be read or has no such group. */
const REGEXP_EXTRACT_ALL = define({
  name: 'REGEXP_EXTRACT_ALL',
  category: 'string',
  signatures: ['REGEXP_EXTRACT_ALL(string, regex [, group])'],
  description:
    'All matches of a group of the regular expression: 1 unless given, 0 for the whole match. NULL where there is no such group.',
  examples: [["REGEXP_EXTRACT_ALL('100-200, 300-400', '(\\d+)-(\\d+)', 2)", '[200, 400]']],
  parameters: ['text', 'text', 'int'],
  minimum: 2,
  nullable: true,
  returns: { kind: 'ARRAY', element: STRING, nullable: true },
  evaluate: ([text, pattern, group]) => matchesOf(text as string, pattern as string, (group ?? 1) as number),
})

const groupsOf = remembered((pattern): { readonly all: RegExp; readonly groups: number } | undefined => {
  try {
    return { all: new RegExp(pattern, 'g'), groups: (new RegExp(`${pattern}|`).exec('')?.length ?? 1) - 1 }
  } catch {
    return undefined
  }
})

function matchesOf(text: string, pattern: string, group: number): Value {
  const known = groupsOf(pattern)
  if (known === undefined || group < 0 || group > known.groups) return null
  return Array.from(text.matchAll(known.all), (match) => match[group] ?? null)
}

interface RegexpDefinition {
  readonly name: string
  readonly signature: string
  readonly description: string
  readonly examples: readonly (readonly [string, string])[]
  readonly parameters: readonly ('text' | 'int')[]
  readonly minimum?: number
  readonly returns: SqlType
  readonly flags?: string
  /** Position of the pattern among the arguments. */
  readonly patternAt?: number
  /** The result where nothing matches: such values are told from their bytes where the pattern allows it. */
  readonly withoutMatch?: null | false | 0
  /** Of a test or a part of the first match: the number of the group, where it is known. */
  readonly group?: (args: readonly Fragment[]) => number | undefined
}

const bytePatterns = new Map<string, ReturnType<typeof compileBytePattern>>()

/** The same one for the same expression in several places of the code. */
function bytePattern(pattern: string, group: number): ReturnType<typeof compileBytePattern> {
  const key = `${group} ${pattern}`
  if (bytePatterns.has(key)) return bytePatterns.get(key)
  if (bytePatterns.size > 100) bytePatterns.clear()
  const find = compileBytePattern(pattern, group)
  bytePatterns.set(key, find)
  return find
}

/** Whether bytes match, or the group that is a place in them. */
function matchCode(generator: Generator, input: ViewFragment, find: string, type: SqlType): Fragment {
  const range = generator.constant(new Int32Array(2))
  const { data, source } = input
  const found = `${find}(${data}, ${input.start}, ${input.start} + ${input.length}, ${range})`
  const test = input.isNull === '0' ? found : `${input.isNull} === 0 && ${found}`
  if (type.kind === 'BOOLEAN') {
    const value = generator.name('b')
    generator.line(`const ${value} = ${test};`)
    return { representation: 'boolean', type, isNull: input.isNull, value }
  }
  const [start, length, flag] = ['s_', 'l_', 'q'].map((prefix) => generator.name(prefix)) as [string, string, string]
  generator.line(`let ${start} = 0, ${length} = 0, ${flag} = 1;`)
  const take = `${start} = ${range}[0]; ${length} = ${range}[1] - ${start}; ${flag} = 0;`
  generator.line(`if (${test} && ${range}[0] >= 0) { ${take} }`)
  return { representation: 'view', type, isNull: flag, data, start, length, source }
}

function regexp(
  definition: RegexpDefinition,
  evaluate: (value: string, pattern: RegExp, args: readonly Value[]) => Value,
): ScalarFunction {
  const shell = define({
    category: 'string',
    signatures: [definition.signature],
    nullable: true,
    evaluate: () => null,
    ...definition,
  })
  const evaluator = (_call: CallSite): ((...args: Value[]) => Value) => {
    const matcher = remembered((pattern) => regularExpression(pattern, definition.flags))
    return (...args) => evaluate(args[0] as string, matcher(args[definition.patternAt ?? 1] as string), args)
  }
  const { withoutMatch } = definition
  if (withoutMatch === undefined) return { ...shell, evaluator }
  return {
    ...shell,
    evaluator,
    generate: (generator, args, call) => {
      const [input, pattern] = args
      if (input?.representation !== 'view' || pattern?.representation !== 'view') return undefined
      const group = definition.group?.(args)
      if (group !== undefined && pattern.literal !== undefined) {
        const find = bytePattern(pattern.literal, group)
        if (find !== undefined) return matchCode(generator, input, generator.constant(find), call.returnType)
      }
      const required = pattern.literal === undefined ? undefined : requiredText(pattern.literal)
      if (required === undefined) return undefined
      const contains = generator.constant(containsText(required))
      const unless = {
        test: `${contains}(${input.data}, ${input.start}, ${input.length})`,
        value: String(withoutMatch),
      }
      return generator.invoke(evaluator(call), args, call.returnType, true, unless)
    },
  }
}

function wholeNumber(fragment: Fragment): number | undefined {
  const { literal } = fragment
  return typeof literal === 'number' && literal >= 0 ? literal : undefined
}

export const PATTERN_FUNCTIONS: readonly ScalarFunction[] = [
  predicate('LIKE', likePattern, false, ["'abc' LIKE 'a%'", 'TRUE']),
  predicate('NOT LIKE', likePattern, true, ["'abc' NOT LIKE 'a%'", 'FALSE']),
  predicate('SIMILAR TO', similarPattern, false, ["'abc' SIMILAR TO '(a|b)%'", 'TRUE']),
  predicate('NOT SIMILAR TO', similarPattern, true, ["'abc' NOT SIMILAR TO '(a|b)%'", 'FALSE']),
  regexp(
    {
      name: 'REGEXP',
      signature: 'REGEXP(string, regex)',
      description: 'Whether a part of the text matches the regular expression.',
      examples: [["REGEXP('abc', 'b.')", 'TRUE']],
      parameters: ['text', 'text'],
      returns: BOOLEAN,
      withoutMatch: false,
      group: () => 0,
    },
    (value, pattern, args) => args[1] !== '' && pattern.test(value),
  ),
  regexp(
    {
      name: 'REGEXP_REPLACE',
      signature: 'REGEXP_REPLACE(string, regex, replacement)',
      description: 'With all matches replaced; a `$` of the replacement stands for itself.',
      examples: [["REGEXP_REPLACE('foobar', 'oo|ar', '')", 'fb']],
      parameters: ['text', 'text', 'text'],
      returns: STRING,
      flags: 'g',
    },
    (value, pattern, args) => value.replace(pattern, () => args[2] as string),
  ),
  regexp(
    {
      name: 'REGEXP_EXTRACT',
      signature: 'REGEXP_EXTRACT(string, regex [, group])',
      description: 'The first match, or one of its groups.',
      examples: [["REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", 'bar']],
      parameters: ['text', 'text', 'int'],
      minimum: 2,
      returns: STRING,
      withoutMatch: null,
      group: ([, , group]) => (group === undefined ? 0 : wholeNumber(group)),
    },
    (value, pattern, args) => pattern.exec(value)?.[(args[2] ?? 0) as number] ?? null,
  ),
  REGEXP_EXTRACT_ALL,
  regexp(
    {
      name: 'REGEXP_COUNT',
      signature: 'REGEXP_COUNT(string, regex)',
      description: 'How often the expression matches.',
      examples: [["REGEXP_COUNT('hello', 'l')", '2']],
      parameters: ['text', 'text'],
      returns: INT,
      withoutMatch: 0,
      flags: 'g',
    },
    (value, pattern) => value.match(pattern)?.length ?? 0,
  ),
  regexp(
    {
      name: 'REGEXP_SUBSTR',
      signature: 'REGEXP_SUBSTR(string, regex)',
      description: 'The first match.',
      examples: [["REGEXP_SUBSTR('abc', '[b-z]+')", 'bc']],
      parameters: ['text', 'text'],
      returns: STRING,
      withoutMatch: null,
      group: () => 0,
    },
    (value, pattern) => pattern.exec(value)?.[0] ?? null,
  ),
  regexp(
    {
      name: 'REGEXP_INSTR',
      signature: 'REGEXP_INSTR(string, regex)',
      description: 'Where the first match begins; 0: nowhere.',
      examples: [["REGEXP_INSTR('abc', 'c')", '3']],
      parameters: ['text', 'text'],
      returns: INT,
      withoutMatch: 0,
    },
    (value, pattern) => {
      const match = pattern.exec(value)
      return match === null ? 0 : Array.from(value.slice(0, match.index)).length + 1
    },
  ),
]
