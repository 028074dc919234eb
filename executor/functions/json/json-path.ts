/**
 * JSON paths: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[0,2]`, `[1:3]`, `[*]`, `.*`, `..name`, with `lax ` or
 * `strict ` before them; strict unless said, as in Flink.
 */
import { MillraceError, unreachable } from '../../../core/errors.ts'
import { isJsonArray, type JsonDocument, type JsonObject, type JsonValue } from './json-value.ts'

type Step =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'descend'; readonly name: string | undefined }

export interface JsonPath {
  readonly text: string
  readonly lax: boolean
  readonly steps: readonly Step[]
  /** Whether it leads to at most one value; otherwise the result is the array of all values. */
  readonly definite: boolean
}

/** What a path leads to in a document; in strict mode nothing, or JSON null, is an error. */
export type PathResult = { readonly value: JsonValue | undefined } | { readonly error: string }

const NAME = String.raw`[\p{L}\p{N}_$@-]+`
const QUOTED = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`
const STEP = new RegExp(
  String.raw`\.\.(?<deep>${NAME}|\*)|\.(?<name>${NAME})|(?<all>\.\*|\[\s*\*\s*\])|\[\s*(?<names>(?:${QUOTED})(?:\s*,\s*(?:${QUOTED}))*)\s*\]|\[\s*(?<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]|\[\s*(?<from>-?\d+)?\s*:\s*(?<to>-?\d+)?\s*\]`,
  'uy',
)

/** @throws MillraceError INVALID_ARGUMENT where the path cannot be read, with the part that is not understood */
export function parsePath(text: string): JsonPath {
  const [, mode = 'strict', rest = text] = /^\s*(strict|lax)\s+(.+)$/is.exec(text) ?? []
  const path = rest.trim()
  const body = path.startsWith('$') ? path.slice(1) : `.${path}`
  const steps: Step[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < body.length) {
    const at = STEP.lastIndex
    const groups = STEP.exec(body)?.groups
    if (groups === undefined) {
      throw new MillraceError('INVALID_ARGUMENT', `JSON path '${text}' cannot be read from '${body.slice(at)}' on`, {
        hint: "Paths have the steps .name, ['name'], [0], [-1], [0,2], [1:3], [*], .* and ..name; filters and functions are not supported.",
      })
    }
    steps.push(stepOf(groups))
  }
  return { text, lax: mode.toLowerCase() === 'lax', steps, definite: steps.every(isDefinite) }
}

function stepOf(groups: Readonly<Record<string, string | undefined>>): Step {
  const { deep, name, all, names, indexes, from, to } = groups
  if (deep !== undefined) return { kind: 'descend', name: deep === '*' ? undefined : deep }
  if (name !== undefined) return { kind: 'names', names: [name] }
  if (all !== undefined) return { kind: 'all' }
  if (names !== undefined) {
    const found = [...names.matchAll(new RegExp(QUOTED, 'g'))]
    return { kind: 'names', names: found.map(([quoted]) => quoted.slice(1, -1).replace(/\\(.)/g, '$1')) }
  }
  if (indexes !== undefined) return { kind: 'indexes', indexes: indexes.split(',').map(Number) }
  const bound = (value: string | undefined): number | undefined => (value === undefined ? undefined : Number(value))
  return { kind: 'slice', from: bound(from), to: bound(to) }
}

function isDefinite(step: Step): boolean {
  return step.kind === 'names' || (step.kind === 'indexes' && step.indexes.length === 1)
}

export function followPath(document: JsonDocument, path: JsonPath): PathResult {
  if ('error' in document) return path.lax ? { value: undefined } : { error: document.error }
  let found: readonly JsonValue[] = [document.value]
  let definite = true
  for (const step of path.steps) {
    const taken = found.map((value) => take(value, step))
    if (definite && taken[0] === undefined) {
      return path.lax ? { value: path.definite ? undefined : [] } : { error: `path '${path.text}' leads nowhere` }
    }
    const next = taken.flatMap((values) => values ?? [])
    found = next
    definite &&= isDefinite(step)
  }
  const value = definite ? found[0] : found
  if (value === null || value === undefined) {
    return path.lax ? { value: undefined } : { error: `path '${path.text}' leads to no value` }
  }
  return { value }
}

/** @returns undefined where the value has no such part: a name or an index has to be there, `[*]` and `..` may be empty */
function take(value: JsonValue, step: Step): readonly JsonValue[] | undefined {
  switch (step.kind) {
    case 'names':
      return value instanceof Map ? takeNames(value as JsonObject, step.names) : undefined
    case 'indexes':
      return isJsonArray(value) ? takeIndexes(value, step.indexes) : undefined
    case 'slice':
      return isJsonArray(value) ? value.slice(step.from, step.to) : undefined
    case 'all':
      return parts(value)
    case 'descend':
      return descend(value, step.name)
    default:
      return unreachable(step)
  }
}

/** One name is the value; several names are an object of those that there are. */
function takeNames(value: JsonObject, names: readonly string[]): readonly JsonValue[] | undefined {
  const entries = names.flatMap((name): [string, JsonValue][] => {
    const item = value.get(name)
    return item === undefined ? [] : [[name, item]]
  })
  if (names.length > 1) return [new Map(entries)]
  return entries.length === 0 ? undefined : entries.map(([, item]) => item)
}

function takeIndexes(value: readonly JsonValue[], indexes: readonly number[]): readonly JsonValue[] | undefined {
  const items = indexes.flatMap((index) => {
    const item = value.at(index)
    return item === undefined ? [] : [item]
  })
  return items.length === 0 && indexes.length === 1 ? undefined : items
}

function parts(value: JsonValue): readonly JsonValue[] {
  if (isJsonArray(value)) return value
  return value instanceof Map ? [...(value as JsonObject).values()] : []
}

function descend(value: JsonValue, name: string | undefined): readonly JsonValue[] {
  const own = name === undefined ? parts(value) : value instanceof Map ? takeNames(value as JsonObject, [name]) : []
  return [...(own ?? []), ...parts(value).flatMap((part) => descend(part, name))]
}
