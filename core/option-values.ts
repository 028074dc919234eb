/** Checks raw options against specs and reads them as typed values. */
import { MillraceError } from './errors.ts'
import type { OptionOwner, OptionSpec, OptionType, OptionValues } from './options.ts'
import { parseDuration, parseMemorySize } from './quantities.ts'
import { didYouMean } from './suggest.ts'

/**
 * @param raw keys and values as the user wrote them
 * @throws MillraceError UNKNOWN_OPTION (naming the nearest), MISSING_OPTION, INVALID_OPTION, or UNSUPPORTED_FEATURE
 *   for an option that is known and refused
 */
export function parseOptions(
  specs: readonly OptionSpec[],
  raw: Readonly<Record<string, string>>,
  owner: OptionOwner,
): OptionValues {
  const values = new Map<string, string>()
  for (const [key, value] of Object.entries(raw)) {
    const spec = findSpec(specs, key)
    if (spec === undefined) throw unknownOption(specs, key, owner)
    if (spec.refused !== undefined) {
      throw new MillraceError('UNSUPPORTED_FEATURE', `option "${key}" of ${owner.label} is not supported`, {
        detail: spec.refused,
      })
    }
    checkValue(spec, key, value, owner)
    refuseValue(spec, key, value, owner)
    values.set(spec.aliases?.includes(key) ? spec.key : key, value)
  }
  for (const spec of specs) {
    if (spec.required && !values.has(spec.key)) {
      throw new MillraceError('MISSING_OPTION', `${owner.label} needs option "${spec.key}"`, {
        detail: spec.description,
        hint: `Add '${spec.key}' = '…' to WITH (…).`,
      })
    }
  }
  return new CheckedOptions(specs, values, owner)
}

/** The spec of a key: by name, by alias, or by wildcard. */
export function findSpec(specs: readonly OptionSpec[], key: string): OptionSpec | undefined {
  return (
    specs.find((spec) => spec.key === key || spec.aliases?.includes(key)) ??
    specs.find((spec) => wildcard(spec.key)?.test(key))
  )
}

function wildcard(pattern: string): RegExp | undefined {
  if (!pattern.includes('*') && !pattern.includes('#')) return undefined
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace('#', '(.+)')
    .replace('*', '(.+)')
  return new RegExp(`^${source}$`)
}

function unknownOption(specs: readonly OptionSpec[], key: string, owner: OptionOwner): MillraceError {
  const names = specs
    .filter((spec) => spec.refused === undefined && wildcard(spec.key) === undefined)
    .map((spec) => spec.key)
  return new MillraceError('UNKNOWN_OPTION', `${owner.label} has no option "${key}"`, {
    hint: didYouMean(key, names) ?? `Its options are: ${names.join(', ')}.`,
  })
}

const DESCRIPTIONS: Readonly<Record<OptionType, string>> = {
  string: 'text',
  int: 'a whole number',
  long: 'a whole number',
  double: 'a number',
  boolean: 'true or false',
  duration: "a duration such as '10 s' or '500 ms'",
  memory: "a memory size such as '64 mb'",
  list: "a list separated by ';'",
  enum: 'one of its values',
  map: "a list of 'key:value' separated by ','",
}

function checkValue(spec: OptionSpec, key: string, value: string, owner: OptionOwner): void {
  if (isValid(spec, value)) return
  const allowed = spec.type === 'enum' ? `one of ${(spec.values ?? []).join(', ')}` : DESCRIPTIONS[spec.type]
  throw new MillraceError('INVALID_OPTION', `option "${key}" of ${owner.label} cannot be '${value}'`, {
    detail: `It takes ${allowed}.`,
    hint: spec.type === 'enum' ? didYouMean(value, spec.values ?? []) : undefined,
  })
}

function refuseValue(spec: OptionSpec, key: string, value: string, owner: OptionOwner): void {
  const { only } = spec
  if (only === undefined || only.values.some((one) => one.toLowerCase() === value.trim().toLowerCase())) return
  throw new MillraceError('UNSUPPORTED_FEATURE', `option "${key}" of ${owner.label} cannot be '${value}'`, {
    detail: only.reason,
    hint: `It can be ${only.values.map((one) => `'${one}'`).join(' or ')}, or left out.`,
  })
}

function isValid(spec: OptionSpec, value: string): boolean {
  switch (spec.type) {
    case 'int':
      return /^[+-]?\d+$/.test(value.trim()) && Math.abs(Number(value)) <= 2147483647
    case 'long':
      return /^[+-]?\d+$/.test(value.trim())
    case 'double':
      return value.trim() !== '' && Number.isFinite(Number(value))
    case 'boolean':
      return /^(true|false)$/i.test(value.trim())
    case 'duration':
      return parseDuration(value) !== undefined
    case 'memory':
      return parseMemorySize(value) !== undefined
    case 'enum':
      return (spec.values ?? []).some((allowed) => allowed.toLowerCase() === value.trim().toLowerCase())
    default:
      return true
  }
}

class CheckedOptions implements OptionValues {
  readonly #specs: readonly OptionSpec[]
  readonly #values: ReadonlyMap<string, string>
  readonly #owner: OptionOwner

  constructor(specs: readonly OptionSpec[], values: ReadonlyMap<string, string>, owner: OptionOwner) {
    this.#specs = specs
    this.#values = values
    this.#owner = owner
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  optionalString(key: string): string | undefined {
    return this.#values.get(key) ?? findSpec(this.#specs, key)?.default
  }

  string(key: string): string {
    const value = this.optionalString(key)
    if (value === undefined) throw new MillraceError('MISSING_OPTION', `${this.#owner.label} needs option "${key}"`)
    return value
  }

  int(key: string): number {
    return Number(this.string(key))
  }

  optionalInt(key: string): number | undefined {
    const value = this.optionalString(key)
    return value === undefined ? undefined : Number(value)
  }

  long(key: string): bigint {
    return BigInt(this.string(key).trim())
  }

  optionalLong(key: string): bigint | undefined {
    const value = this.optionalString(key)
    return value === undefined ? undefined : BigInt(value.trim())
  }

  double(key: string): number {
    return Number(this.string(key))
  }

  boolean(key: string): boolean {
    return this.string(key).trim().toLowerCase() === 'true'
  }

  duration(key: string): number {
    return parseDuration(this.string(key)) ?? 0
  }

  optionalDuration(key: string): number | undefined {
    const value = this.optionalString(key)
    return value === undefined ? undefined : parseDuration(value)
  }

  memory(key: string): number {
    return parseMemorySize(this.string(key)) ?? 0
  }

  list(key: string): readonly string[] {
    const value = this.optionalString(key)
    if (value === undefined) return []
    return value
      .split(';')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }

  enum(key: string): string {
    return this.#spelled(key, this.string(key))
  }

  /** A value of an enum as its spec writes it, any other as it is. */
  #spelled(key: string, value: string): string {
    const allowed = findSpec(this.#specs, key)?.values ?? []
    return allowed.find((candidate) => candidate.toLowerCase() === value.trim().toLowerCase()) ?? value
  }

  prefixed(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>()
    for (const [key, value] of this.#values) {
      if (key.startsWith(prefix)) found.set(key.slice(prefix.length), this.#spelled(key, value))
    }
    return found
  }
}

/** A table's options as its format takes them: only those under the prefix (`json.`, `key.json.`), without it. */
export function scopeOptions(options: OptionValues, prefix: string): OptionValues {
  return {
    has: (key) => options.has(prefix + key),
    string: (key) => options.string(prefix + key),
    optionalString: (key) => options.optionalString(prefix + key),
    int: (key) => options.int(prefix + key),
    optionalInt: (key) => options.optionalInt(prefix + key),
    long: (key) => options.long(prefix + key),
    optionalLong: (key) => options.optionalLong(prefix + key),
    double: (key) => options.double(prefix + key),
    boolean: (key) => options.boolean(prefix + key),
    duration: (key) => options.duration(prefix + key),
    optionalDuration: (key) => options.optionalDuration(prefix + key),
    memory: (key) => options.memory(prefix + key),
    list: (key) => options.list(prefix + key),
    enum: (key) => options.enum(prefix + key),
    prefixed: (key) => options.prefixed(prefix + key),
  }
}
