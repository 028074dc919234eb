/** Functions that users write in JavaScript: from their source to something that can be called. */
import { createRequire } from 'node:module'
import type { FunctionSource, UserFunction } from '../../catalog/function.ts'
import { MillraceError } from '../../core/errors.ts'

export type UserCode = (...args: unknown[]) => unknown

const loaded = new Map<string, UserCode>()
const registered = new Map<string, UserCode>()
const requireModule = createRequire(import.meta.url)

/** Keeps a function of the program around the session, as long as the process lives. @returns its id */
export function registerUserCode(code: UserCode): string {
  const id = String(registered.size)
  registered.set(id, code)
  return id
}

/**
 * @param name of the function, for messages
 * @throws MillraceError INVALID_DEFINITION where the source cannot be read or gives no function
 */
export function loadUserCode(source: FunctionSource, name: string): UserCode {
  const key = JSON.stringify(source)
  const known = loaded.get(key)
  if (known !== undefined) return known
  const value = evaluateSource(source, name)
  if (typeof value !== 'function') {
    throw new MillraceError('INVALID_DEFINITION', `${placeOf(source)} of function "${name}" is no function`, {
      detail: `Its value is of type ${value === null ? 'null' : typeof value}.`,
    })
  }
  const code = value as UserCode
  loaded.set(key, code)
  return code
}

function placeOf(source: FunctionSource): string {
  return source.kind === 'module' ? `export "${source.export}" of module "${source.file}"` : 'the text'
}

function evaluateSource(source: FunctionSource, name: string): unknown {
  try {
    switch (source.kind) {
      case 'inline':
        return (new Function(`'use strict'; return (${source.text}\n)`) as () => unknown)()
      case 'module':
        return exportOf(requireModule(source.file), source.export)
      case 'registered':
        return registered.get(source.id)
    }
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const what = source.kind === 'module' ? `module "${source.file}" cannot be loaded` : 'its text cannot be read'
    throw new MillraceError('INVALID_DEFINITION', `function "${name}" cannot be used: ${what}`, {
      detail: `${reason.split('\n')[0] ?? ''}.`,
      hint:
        source.kind === 'module'
          ? 'The path counts from the current directory; modules with await at the top level cannot be used.'
          : 'The text is a JavaScript expression, such as (s, c) => s.split(c).length - 1.',
      cause: error,
    })
  }
}

/** `default` of a CommonJS module is what it exports. */
function exportOf(module: unknown, name: string): unknown {
  const exports = module as Readonly<Record<string, unknown>>
  if (name in Object(module)) return exports[name]
  return name === 'default' ? module : undefined
}

/** The error of a call that went wrong, with the arguments that tell the row. */
export function callFailed(user: UserFunction, args: readonly unknown[], error: unknown): MillraceError {
  const reason = error instanceof Error ? error.message : String(error)
  return new MillraceError('FUNCTION_FAILED', `function "${user.path.name}" failed: ${reason}`, {
    detail: `It was called with (${args.map(shown).join(', ')}).`,
    cause: error,
  })
}

export function wrongResult(
  user: UserFunction,
  args: readonly unknown[],
  value: unknown,
  expected: string,
): MillraceError {
  const isPromise = value instanceof Promise
  return new MillraceError(
    'FUNCTION_FAILED',
    `function "${user.path.name}" returned ${isPromise ? 'a Promise' : shown(value)}, which is no ${expected}`,
    {
      detail: `It was called with (${args.map(shown).join(', ')}).`,
      hint: isPromise ? 'Functions cannot be async.' : undefined,
    },
  )
}

const SHOWN = 60

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : plainText(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

function plainText(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString()
  if (value instanceof Map) return `Map ${plainText(Object.fromEntries(value))}`
  if (value === null || value === undefined) return value === null ? 'NULL' : 'undefined'
  if (typeof value !== 'object') return typeof value === 'symbol' ? 'a symbol' : `${value as number | boolean}`
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? 'an object'
}
