/** Functions of the catalog as the planner sees them: signature, conversions, what is to be called. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BoundArgument, BoundSignature, FunctionSource, FunctionSpec, UserFunction } from '../catalog/function.ts'
import type { CatalogFunction } from '../catalog/state.ts'
import { MillraceError } from '../core/errors.ts'
import { parseOptions } from '../core/option-values.ts'
import type { OptionSpec } from '../core/options.ts'
import { type Field, type SqlType, typeToString, withNullability } from '../core/types.ts'
import { loadUserCode, registerUserCode, type UserCode } from '../executor/functions/user-code.ts'
import type { FunctionSignature } from '../parser/grammar/signature.ts'
import { parseFunctionSignature } from '../parser/parse.ts'
import { supportsImplicitCast } from '../planner/bind/coercion.ts'
import { bindType } from '../planner/bind/types.ts'

const JAVASCRIPT = 'JAVASCRIPT'

/** Of CREATE FUNCTION … LANGUAGE JAVASCRIPT WITH (…). */
const FUNCTION_OPTIONS: readonly OptionSpec[] = [
  { key: 'signature', type: 'string', description: 'Types of the arguments and of the result.' },
  { key: 'deterministic', type: 'boolean', description: 'Whether equal arguments always give the same result.' },
]

/** Identifiers of functions that a program handed over. */
const REGISTERED = 'registered:'

/**
 * The definition as it is kept: a module's path made absolute, and the signature and whether the function is
 * deterministic taken from properties of the function where the options do not give them. Loads the function.
 *
 * @throws MillraceError INVALID_DEFINITION, UNKNOWN_OPTION, INVALID_OPTION, SYNTAX_ERROR of the signature
 */
export function completeFunction(definition: CatalogFunction): CatalogFunction {
  if (definition.language !== JAVASCRIPT) return definition
  const { name } = definition.path
  parseOptions(FUNCTION_OPTIONS, definition.options, { label: `function "${name}"` })
  if (definition.resources.length > 0) {
    throw new MillraceError('INVALID_DEFINITION', `function "${name}" in JavaScript takes no JAR or ARTIFACT`, {
      hint: "Write the path of its module: AS './functions.js#name'.",
    })
  }
  const source = sourceOf(definition.identifier)
  const code = loadUserCode(source, name) as UserCode & {
    readonly signature?: unknown
    readonly deterministic?: unknown
  }
  const signature = definition.options['signature'] ?? code.signature
  if (typeof signature !== 'string') {
    throw new MillraceError('INVALID_DEFINITION', `function "${name}" has no signature`, {
      hint: "Add WITH ('signature' = '(STRING, STRING) -> BIGINT') with the types of its arguments and of its result.",
    })
  }
  const deterministic = definition.options['deterministic'] ?? String(code.deterministic !== false)
  const identifier = source.kind === 'module' ? `${source.file}#${source.export}` : definition.identifier
  const complete = { ...definition, identifier, options: { signature, deterministic } }
  userFunctionOf(complete)
  return complete
}

/** The definition of a function that a program hands over; it lives as long as the process. */
export function registeredFunction(
  path: CatalogFunction['path'],
  code: UserCode,
  options: CatalogFunction['options'],
): CatalogFunction {
  const identifier = `${REGISTERED}${registerUserCode(code)}`
  return completeFunction({ path, temporary: true, identifier, language: JAVASCRIPT, resources: [], options })
}

/** A path with an export behind `#`, or an expression. */
function sourceOf(identifier: string): FunctionSource {
  const text = identifier.trim()
  if (text.startsWith(REGISTERED)) return { kind: 'registered', id: text.slice(REGISTERED.length) }
  if (!/^(\.{0,2}[/\\]|file:|[A-Za-z]:[/\\])/.test(text)) return { kind: 'inline', text }
  const hash = text.lastIndexOf('#')
  const path = hash < 0 ? text : text.slice(0, hash)
  const file = path.startsWith('file:') ? fileURLToPath(path) : resolve(path)
  return { kind: 'module', file, export: hash < 0 ? 'default' : text.slice(hash + 1) }
}

function userFunctionOf(definition: CatalogFunction): UserFunction {
  const signature = parseFunctionSignature(definition.options['signature'] ?? '')
  const parameters = signature.parameters.map(({ name, type }) => ({
    ...(name === undefined ? {} : { name }),
    type: type.kind === 'table-parameter' ? ANY_ROW : bindType(type),
  }))
  const table = tableParameter(definition.path.name, signature)
  const { result } = signature
  const isTable = 'length' in result
  const fields: Field[] = isTable
    ? result.map(({ name, type }) => ({ name: name.name, type: bindType(type) }))
    : [{ name: definition.path.name, type: bindType(result) }]
  return {
    path: definition.path,
    kind: isTable ? 'table' : 'scalar',
    source: sourceOf(definition.identifier),
    parameters,
    ...(table === undefined ? {} : { table }),
    result: fields,
    deterministic: definition.options['deterministic'] !== 'false',
  }
}

/** Stands for the rows of a table, whose columns a call tells. */
const ANY_ROW: SqlType = { kind: 'ROW', fields: [], nullable: false }

function tableParameter(name: string, { parameters, result }: FunctionSignature): 'row' | 'set' | undefined {
  const [first, ...rest] = parameters.map(({ type }) => (type.kind === 'table-parameter' ? type.semantics : undefined))
  if (rest.some((semantics) => semantics !== undefined)) {
    throw new MillraceError('INVALID_DEFINITION', `function "${name}" takes a table that is not its first parameter`, {
      hint: 'A function takes one table: (input TABLE, limit INT) -> TABLE(…).',
    })
  }
  if (first !== undefined && !('length' in result)) {
    throw new MillraceError('INVALID_DEFINITION', `function "${name}" takes a table and returns a single value`, {
      hint: 'A function that takes a table returns one: (input TABLE) -> TABLE(…).',
    })
  }
  return first
}

const specs = new WeakMap<CatalogFunction, FunctionSpec>()

export function functionSpecOf(definition: CatalogFunction): FunctionSpec {
  const known = specs.get(definition)
  if (known !== undefined) return known
  const spec = definition.language === JAVASCRIPT ? userSpec(userFunctionOf(definition)) : foreignSpec(definition)
  specs.set(definition, spec)
  return spec
}

function userSpec(user: UserFunction): FunctionSpec {
  return {
    name: user.path.name,
    kind: user.kind,
    category: user.kind === 'table' ? 'table' : 'auxiliary',
    signatures: [signatureText(user)],
    description: 'A function of the catalog, in JavaScript.',
    examples: [],
    deterministic: user.deterministic,
    user,
    bind: (args) => bindUser(user, args),
  }
}

/** `count_char(s STRING, c STRING) -> BIGINT`. */
export function signatureText({ path, parameters, kind, table, result }: UserFunction): string {
  const args = parameters.map(({ name, type }, index) => {
    const text = table !== undefined && index === 0 ? `TABLE WITH ${table.toUpperCase()} SEMANTICS` : typeToString(type)
    return name === undefined ? text : `${name} ${text}`
  })
  const columns = result.map(({ name, type }) =>
    kind === 'table' ? `${name} ${typeToString(type)}` : typeToString(type),
  )
  const returns = kind === 'table' ? `TABLE(${columns.join(', ')})` : columns.join()
  return `${path.name}(${args.join(', ')}) -> ${returns}`
}

function isTableParameter({ table }: UserFunction, index: number): boolean {
  return table !== undefined && index === 0
}

/** A NULL for a parameter that takes none makes the result NULL. */
function bindUser(user: UserFunction, args: readonly BoundArgument[]): BoundSignature | undefined {
  const fits = args.every(({ type }, index) => {
    const parameter = user.parameters[index]
    if (isTableParameter(user, index)) return true
    return parameter !== undefined && (type.kind === 'NULL' || supportsImplicitCast(type, parameter.type))
  })
  const [result] = user.result
  if (!fits || args.length !== user.parameters.length || result === undefined) return undefined
  const skipped = user.parameters.some(({ type }, index) => !type.nullable && args[index]?.type.nullable === true)
  return {
    argumentTypes: user.parameters.map((parameter, index) => {
      const given = args[index]?.type
      if (isTableParameter(user, index)) return given ?? parameter.type
      return withNullability(parameter.type, given?.nullable === true)
    }),
    returnType: skipped ? withNullability(result.type, true) : result.type,
  }
}

/** A function in a language that cannot run here: known, so that a call of it says why it cannot be. */
function foreignSpec({ path, language }: CatalogFunction): FunctionSpec {
  return {
    name: path.name,
    kind: 'scalar',
    category: 'auxiliary',
    signatures: [],
    description: `A function of the catalog, in ${language}.`,
    examples: [],
    bind: () => {
      throw new MillraceError('UNSUPPORTED_FEATURE', `function "${path.name}" is written in ${language}`, {
        hint: 'Functions run here when they are written in JavaScript: CREATE FUNCTION … LANGUAGE JAVASCRIPT.',
      })
    },
  }
}
