/**
 * JSON functions (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/#json-functions).
 * The binder writes the clauses of JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY as arguments.
 */
import type { BoundArgument } from '../../../catalog/function.ts'
import type { Value } from '../../../core/column.ts'
import { MillraceError } from '../../../core/errors.ts'
import { BOOLEAN, type SqlType, STRING, typeToString, withNullability } from '../../../core/types.ts'
import { define, defineWith } from '../define.ts'
import { type CallSite, nullableWith, type ScalarFunction } from '../function.ts'
import { followPath, type JsonPath, parsePath, type PathResult } from './json-path.ts'
import { isJsonType, jsonObject, jsonText } from './json-text.ts'
import {
  isJsonArray,
  isJsonScalar,
  type JsonDocument,
  JsonNumber,
  type JsonValue,
  parseJson,
  scalarText,
  writeJson,
} from './json-value.ts'

const TEXT_KINDS: readonly string[] = ['CHAR', 'VARCHAR', 'NULL']

function isText(arg: BoundArgument | undefined): boolean {
  return arg !== undefined && TEXT_KINDS.includes(arg.type.kind)
}

/** A literal path is read once, others when they change; a document is kept for the calls over the same row. */
function pathReader(call: CallSite): (json: string, path: string) => PathResult {
  const literal = call.literals[1]
  let path: JsonPath | undefined = typeof literal === 'string' ? parsePath(literal) : undefined
  return (json, text) => {
    if (path?.text !== text) path = parsePath(text)
    return followPath(documentOf(json), path)
  }
}

let lastText: string | undefined
let lastDocument: JsonDocument = { value: null }

function documentOf(json: string): JsonDocument {
  if (json !== lastText) {
    lastDocument = parseJson(json)
    lastText = json
  }
  return lastDocument
}

function failed(name: string, detail: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `${name} found no value that it can give`, {
    detail: `${detail[0]?.toUpperCase() ?? ''}${detail.slice(1)}.`,
    hint: `NULL ON EMPTY and NULL ON ERROR of ${name} give NULL instead.`,
  })
}

// --- JSON_VALUE

const RETURNING: readonly string[] = ['CHAR', 'VARCHAR', 'BOOLEAN', 'INT', 'DOUBLE']

/** A scalar as the type that is asked for; undefined where it is of another one. */
function convertScalar(value: boolean | string | JsonNumber, type: SqlType): Value | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return typeof value === 'boolean' ? value : undefined
    case 'INT': {
      const number = value instanceof JsonNumber && /^-?\d+$/.test(value.text) ? Number(value.text) : undefined
      return number !== undefined && (number | 0) === number ? number | 0 : undefined
    }
    case 'DOUBLE':
      return value instanceof JsonNumber ? Number(value.text) : undefined
    default:
      return scalarText(value)
  }
}

/** Arguments: text, path [, NULL of the type, action ON EMPTY, its value, action ON ERROR, its value]. */
const JSON_VALUE = defineWith(
  {
    name: 'JSON_VALUE',
    category: 'json',
    signatures: [
      'JSON_VALUE(json, path [RETURNING { STRING | BOOLEAN | INT | DOUBLE }] [{ NULL | ERROR | DEFAULT value } ON EMPTY] [{ NULL | ERROR | DEFAULT value } ON ERROR])',
    ],
    description:
      'The scalar at a path of a JSON text, as text or as another type. ON EMPTY is what a path of mode `lax` gives where there is none; in mode `strict`, which paths have unless they begin with `lax `, that is an error, as are text that is not JSON and values of another type. Without a clause it is NULL.',
    examples: [
      [`JSON_VALUE('{"a": true}', '$.a')`, 'true'],
      [`JSON_VALUE('{"a": {"b": 0.998}}', '$.a.b' RETURNING DOUBLE)`, '0.998'],
      [`JSON_VALUE('{"a": true}', 'lax $.b' DEFAULT 'none' ON EMPTY)`, 'none'],
      [`JSON_VALUE('no JSON', '$.b' RETURNING INT DEFAULT -1 ON ERROR)`, '-1'],
    ],
    strict: false,
  },
  (args) => {
    const [json, path, returning] = args
    if ((args.length !== 2 && args.length !== 7) || !isText(json) || !isText(path)) return undefined
    const type = withNullability(returning?.type ?? STRING, true)
    if (!RETURNING.includes(type.kind)) {
      throw new MillraceError('TYPE_MISMATCH', `JSON_VALUE cannot give ${typeToString(type)}`, {
        hint: 'RETURNING takes STRING, BOOLEAN, INT and DOUBLE. CAST its result to another type.',
      })
    }
    const types = args.map((arg, index) => (index === 4 || index === 6 ? type : index < 2 ? STRING : arg.type))
    return { argumentTypes: types, returnType: type }
  },
  (call) => {
    const read = pathReader(call)
    return (json, path, _returning, onEmpty = 'NULL', emptyValue = null, onError = 'NULL', errorValue = null) => {
      if (json === null || path === null) return null
      const result = read(json as string, path as string)
      const otherwise = (action: Value, value: Value, detail: string): Value => {
        if (action === 'ERROR') throw failed('JSON_VALUE', detail)
        return action === 'DEFAULT' ? value : null
      }
      if ('error' in result) return otherwise(onError, errorValue, result.error)
      const { value } = result
      const isScalar = value !== undefined && value !== null && isJsonScalar(value)
      if (isScalar) {
        const converted = convertScalar(value, call.returnType)
        if (converted !== undefined) return converted
        return otherwise(onError, errorValue, `'${scalarText(value)}' is no ${call.returnType.kind}`)
      }
      if (value === undefined || parsePath(path as string).lax)
        return otherwise(onEmpty, emptyValue, 'there is no scalar at the path')
      return otherwise(onError, errorValue, `'${writeJson(value)}' is no scalar`)
    }
  },
)

// --- JSON_QUERY

/** Arguments: text, path [, NULL of the type, wrapper, action ON EMPTY, action ON ERROR]. */
const JSON_QUERY = defineWith(
  {
    name: 'JSON_QUERY',
    category: 'json',
    signatures: [
      'JSON_QUERY(json, path [RETURNING { STRING | ARRAY<STRING> }] [{ WITHOUT | WITH CONDITIONAL | WITH UNCONDITIONAL } [ARRAY] WRAPPER] [{ NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR } ON EMPTY] [{ NULL | EMPTY ARRAY | EMPTY OBJECT | ERROR } ON ERROR])',
    ],
    description:
      'The object or array at a path of a JSON text, as JSON text or as an array of texts. WITH WRAPPER puts the value into an array, WITH CONDITIONAL WRAPPER only what is no array. A scalar without a wrapper is an error, or, where the path begins with `lax `, empty.',
    examples: [
      [`JSON_QUERY('{"a": {"b": 1}}', '$.a')`, '{"b":1}'],
      [`JSON_QUERY('[1, 2]', '$')`, '[1,2]'],
      [`JSON_QUERY('{"a": 1}', '$.a' WITH WRAPPER)`, '[1]'],
      [`JSON_QUERY('{"a": ["c1", "c2"]}', '$.a' RETURNING ARRAY<STRING>)`, '[c1, c2]'],
      [`JSON_QUERY('no JSON', '$' EMPTY ARRAY ON ERROR)`, '[]'],
    ],
    strict: false,
  },
  (args) => {
    const [json, path, returning] = args
    if ((args.length !== 2 && args.length !== 6) || !isText(json) || !isText(path)) return undefined
    const type = withNullability(returning?.type ?? STRING, true)
    const isList = type.kind === 'ARRAY' && TEXT_KINDS.includes(type.element.kind)
    if (!isList && (type.kind === 'ARRAY' || !TEXT_KINDS.includes(type.kind))) {
      throw new MillraceError('TYPE_MISMATCH', `JSON_QUERY cannot give ${typeToString(type)}`, {
        hint: 'RETURNING takes STRING and ARRAY<STRING>. CAST its result to another type.',
      })
    }
    if (isList && args.slice(4).some(({ literal }) => literal === 'EMPTY OBJECT')) {
      throw new MillraceError('TYPE_MISMATCH', 'EMPTY OBJECT of JSON_QUERY does not fit RETURNING ARRAY', {
        hint: 'Write EMPTY ARRAY or NULL.',
      })
    }
    return { argumentTypes: args.map((arg, index) => (index < 2 ? STRING : arg.type)), returnType: type }
  },
  (call) => {
    const read = pathReader(call)
    const isList = call.returnType.kind === 'ARRAY'
    return (json, path, _returning, wrapper = 'WITHOUT', onEmpty = 'NULL', onError = 'NULL') => {
      if (json === null || path === null) return null
      const result = read(json as string, path as string)
      const otherwise = (action: Value, detail: string): Value => {
        if (action === 'ERROR') throw failed('JSON_QUERY', detail)
        if (action === 'NULL') return null
        return isList ? [] : action === 'EMPTY ARRAY' ? '[]' : '{}'
      }
      if ('error' in result) return otherwise(onError, result.error)
      const value = result.value === undefined ? undefined : wrapped(result.value, wrapper)
      if (value === undefined) return otherwise(onEmpty, 'there is nothing at the path')
      if (isJsonScalar(value)) {
        const isLax = parsePath(path as string).lax
        return otherwise(isLax ? onEmpty : onError, `'${writeJson(value)}' is neither an object nor an array`)
      }
      if (!isList) return writeJson(value)
      return isJsonArray(value) ? value.map(itemText) : otherwise(onError, `'${writeJson(value)}' is no array`)
    }
  },
)

function wrapped(value: JsonValue, wrapper: Value): JsonValue {
  const wraps = wrapper === 'UNCONDITIONAL' || (wrapper === 'CONDITIONAL' && !isJsonArray(value))
  return wraps ? [value] : value
}

function itemText(item: JsonValue): Value {
  if (item === null) return null
  return isJsonScalar(item) ? scalarText(item) : writeJson(item)
}

// --- JSON_EXISTS

const JSON_EXISTS = defineWith(
  {
    name: 'JSON_EXISTS',
    category: 'json',
    signatures: ['JSON_EXISTS(json, path [{ TRUE | FALSE | UNKNOWN | ERROR } ON ERROR])'],
    description:
      'Whether a path of a JSON text leads to a value. Text that is not JSON is FALSE unless ON ERROR says else.',
    examples: [
      [`JSON_EXISTS('{"a": true}', '$.a')`, 'TRUE'],
      [`JSON_EXISTS('{"a": true}', 'strict $.b' TRUE ON ERROR)`, 'TRUE'],
    ],
  },
  (args) => {
    if (args.length < 2 || args.length > 3 || !args.every(isText)) return undefined
    return { argumentTypes: args.map(() => STRING), returnType: withNullability(BOOLEAN, true) }
  },
  (call) => {
    const read = pathReader(call)
    return (json, path, onError = 'FALSE') => {
      const result = read(json as string, path as string)
      if (!('error' in result)) return result.value !== undefined
      if (onError === 'ERROR') throw failed('JSON_EXISTS', result.error)
      return onError === 'UNKNOWN' ? null : onError === 'TRUE'
    }
  },
)

// --- JSON_OBJECT, JSON_ARRAY, JSON_STRING

/** `JSON(text)` within JSON_OBJECT and JSON_ARRAY: checked, and written without blanks. */
function embedded(text: string): string {
  if (text.trim() === '') return 'null'
  const parsed = parseJson(text)
  if ('error' in parsed) {
    throw new MillraceError('INVALID_ARGUMENT', `JSON('${text}') is not JSON`, { detail: `${parsed.error}.` })
  }
  return writeJson(parsed.value)
}

/** The text of each value: one letter of `forms` for each says whether it is SQL (`v`) or JSON text already (`j`). */
function valueWriter(types: readonly SqlType[], forms: string): (value: Value, index: number) => string {
  return (value, index) => {
    if (value !== null && forms[index] === 'j') return embedded(value as string)
    const type = types[index]
    return type === undefined ? 'null' : jsonText(value, type)
  }
}

const NEVER_NULL = withNullability(STRING, false)

/** Arguments: `NULL` or `ABSENT`, the forms of the values, key and value in turn. */
const JSON_OBJECT = defineWith(
  {
    name: 'JSON_OBJECT',
    category: 'json',
    signatures: ['JSON_OBJECT([[KEY] key VALUE value]* [{ NULL | ABSENT } ON NULL])'],
    description:
      'A JSON object of the keys and values, with its keys in order. A value that is JSON_OBJECT, JSON_ARRAY or JSON(text) itself is put in as JSON.',
    examples: [
      ['JSON_OBJECT()', '{}'],
      ["JSON_OBJECT('a' VALUE 1, 'b' VALUE JSON_ARRAY(2, 'x'))", '{"a":1,"b":[2,"x"]}'],
      ["JSON_OBJECT(KEY 'a' VALUE CAST(NULL AS STRING) ABSENT ON NULL)", '{}'],
    ],
    strict: false,
  },
  (args) => {
    const pairs = args.slice(2)
    const fits = pairs.every((arg, index) => (index % 2 === 0 ? isText(arg) : isJsonType(arg.type)))
    if (args.length < 2 || pairs.length % 2 === 1 || !fits) return undefined
    if (pairs.some((arg, index) => index % 2 === 0 && arg.type.nullable)) {
      throw new MillraceError('TYPE_MISMATCH', 'a key of JSON_OBJECT may not be NULL', {
        hint: "COALESCE(key, '…') never is.",
      })
    }
    return { argumentTypes: args.map((arg) => arg.type), returnType: NEVER_NULL }
  },
  (call) => {
    const types = call.argumentTypes.slice(2).filter((_type, index) => index % 2 === 1)
    const write = valueWriter(types, String(call.literals[1]))
    return (onNull, _forms, ...pairs) => {
      const entries = new Map<string, string>()
      for (let at = 0; at < pairs.length; at += 2) {
        const value = pairs[at + 1] ?? null
        if (value !== null || onNull === 'NULL') entries.set(pairs[at] as string, write(value, at / 2))
      }
      return jsonObject([...entries])
    }
  },
)

/** Arguments: `NULL` or `ABSENT`, the forms of the values, the values. */
const JSON_ARRAY = defineWith(
  {
    name: 'JSON_ARRAY',
    category: 'json',
    signatures: ['JSON_ARRAY([value]* [{ NULL | ABSENT } ON NULL])'],
    description:
      'A JSON array of the values; NULLs are left out unless NULL ON NULL is said. A value that is JSON_OBJECT, JSON_ARRAY or JSON(text) itself is put in as JSON.',
    examples: [
      ["JSON_ARRAY(1, '2', JSON_ARRAY(3))", '[1,"2",[3]]'],
      ['JSON_ARRAY(CAST(NULL AS STRING) NULL ON NULL)', '[null]'],
    ],
    strict: false,
  },
  (args) =>
    args.length >= 2 && args.slice(2).every((arg) => isJsonType(arg.type))
      ? { argumentTypes: args.map((arg) => arg.type), returnType: NEVER_NULL }
      : undefined,
  (call) => {
    const write = valueWriter(call.argumentTypes.slice(2), String(call.literals[1]))
    return (onNull, _forms, ...values) => {
      const texts = values.flatMap((value, index) => (value === null && onNull !== 'NULL' ? [] : [write(value, index)]))
      return `[${texts.join(',')}]`
    }
  },
)

const JSON_FUNCTION = defineWith(
  {
    name: 'JSON',
    category: 'json',
    signatures: ['JSON(string)'],
    description: 'JSON text that JSON_OBJECT and JSON_ARRAY put in as JSON, and not as a string; only there.',
    examples: [[`JSON_OBJECT('a' VALUE JSON('{"b": 1}'))`, '{"a":{"b":1}}']],
  },
  () => {
    throw new MillraceError('INVALID_ARGUMENT', 'JSON(…) stands only in JSON_ARRAY or as a value of JSON_OBJECT', {
      hint: `Write JSON_OBJECT('key' VALUE JSON('{"a": 1}')) or JSON_ARRAY(JSON('{"a": 1}')).`,
    })
  },
  () => (text) => text ?? null,
)

const JSON_STRING = defineWith(
  {
    name: 'JSON_STRING',
    category: 'json',
    signatures: ['JSON_STRING(value)'],
    description: 'A value as JSON text.',
    examples: [
      ["JSON_STRING('Hello')", '"Hello"'],
      ['JSON_STRING(ARRAY[1, 2])', '[1,2]'],
    ],
  },
  (args) => {
    const [value] = args
    if (value === undefined || args.length > 1 || !isJsonType(value.type)) return undefined
    return { argumentTypes: [value.type], returnType: nullableWith(STRING, args) }
  },
  (call) => (value) => jsonText(value ?? null, call.argumentTypes[0] ?? STRING),
)

// --- JSON_QUOTE, JSON_UNQUOTE

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** As a JSON string of ASCII characters. */
function quoted(text: string): string {
  const inner = text.replace(/["\\/\b\f\n\r\t]|[\u0080-\uffff]/g, (character) => {
    return ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${inner}"`
}

/** Text that does not stand in quotes, or has an unknown escape in them, stays as it is. */
function unquoted(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  const inner = text.slice(1, -1)
  const rest = inner.replace(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/g, '')
  if (rest.includes('\\')) return text
  return inner.replace(/\\(?:u[0-9a-fA-F]{4}|.)/g, (escape) => JSON.parse(`"${escape}"`) as string)
}

// --- IS JSON

function isJson(text: string, kind: string): boolean {
  const parsed = parseJson(text)
  if ('error' in parsed) return false
  if (kind === 'ARRAY') return isJsonArray(parsed.value)
  if (kind === 'OBJECT') return parsed.value instanceof Map
  return kind !== 'SCALAR' || isJsonScalar(parsed.value)
}

function isJsonPredicate(name: 'IS JSON' | 'IS NOT JSON', example: readonly [string, string]): ScalarFunction {
  const negated = name === 'IS NOT JSON'
  return define({
    name,
    category: 'json',
    signatures: [`string ${name} [VALUE | SCALAR | ARRAY | OBJECT]`],
    description: `Whether the text is ${negated ? 'not ' : ''}JSON.`,
    examples: [example],
    parameters: ['text', 'text'],
    minimum: 1,
    returns: BOOLEAN,
    evaluate: ([json, kind]) => isJson(json as string, (kind ?? 'VALUE') as string) !== negated,
  })
}

export const JSON_FUNCTIONS: readonly ScalarFunction[] = [
  isJsonPredicate('IS JSON', ["'1' IS JSON", 'TRUE']),
  isJsonPredicate('IS NOT JSON', ["'x' IS NOT JSON", 'TRUE']),
  JSON_EXISTS,
  JSON_VALUE,
  JSON_QUERY,
  JSON_STRING,
  JSON_OBJECT,
  JSON_ARRAY,
  JSON_FUNCTION,
  define({
    name: 'JSON_QUOTE',
    category: 'json',
    signatures: ['JSON_QUOTE(string)'],
    description: 'The text as a JSON string: in quotes, with escapes.',
    examples: [[`JSON_QUOTE('a"b')`, '"a\\"b"']],
    parameters: ['text'],
    returns: STRING,
    evaluate: ([text]) => quoted(text as string),
  }),
  define({
    name: 'JSON_UNQUOTE',
    category: 'json',
    signatures: ['JSON_UNQUOTE(string)'],
    description: 'The text of a JSON string; other text stays as it is.',
    examples: [[`JSON_UNQUOTE('"a\\"b"')`, 'a"b']],
    parameters: ['text'],
    returns: STRING,
    evaluate: ([text]) => unquoted(text as string),
  }),
]
