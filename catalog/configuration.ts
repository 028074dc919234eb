/**
 * SET and RESET. Any key is taken, as in Flink; a key that Millrace acts on is checked when it is set.
 * Source: https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/set/
 */
import { MillraceError } from '../core/errors.ts'
import { findSpec, parseOptions } from '../core/option-values.ts'
import type { OptionSpec } from '../core/options.ts'
import { parseDuration } from '../core/quantities.ts'
import { nearestName } from '../core/suggest.ts'
import { ACCEPTED_KEYS, CONFIGURATION_KEYS } from './configuration-keys.ts'
import type { ConfigurationReader } from './reader.ts'

const SPECS: readonly OptionSpec[] = CONFIGURATION_KEYS
const CHECKED_PREFIXES = /^(table|execution|pipeline|state|restart-strategy|sql-client)\./

export class Configuration implements ConfigurationReader {
  readonly #values = new Map<string, string>()

  constructor(initial: Readonly<Record<string, string>> = {}) {
    for (const [key, value] of Object.entries(initial)) this.set(key, value)
  }

  /**
   * @returns a warning for a key that looks like a known one and is not, else undefined
   * @throws MillraceError CONFIGURATION_ERROR when a known key cannot have the value
   */
  set(key: string, value: string): string | undefined {
    const spec = findSpec(SPECS, key)
    if (spec === undefined) {
      this.#values.set(key, value)
      return warningFor(key)
    }
    check(spec, key, value)
    this.#values.set(spec.key, value)
    return undefined
  }

  reset(key?: string): void {
    if (key === undefined) this.#values.clear()
    else this.#values.delete(findSpec(SPECS, key)?.key ?? key)
  }

  /** What was set, by key. */
  entries(): readonly (readonly [string, string])[] {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  get(key: string): string | undefined {
    return this.#values.get(key) ?? findSpec(SPECS, key)?.default
  }

  boolean(key: string): boolean {
    return this.get(key)?.trim().toLowerCase() === 'true'
  }

  int(key: string): number {
    return Number(this.get(key) ?? 0)
  }

  duration(key: string): number {
    return parseDuration(this.get(key) ?? '0') ?? 0
  }

  /** A copy that later SETs do not change: what a job runs with. */
  snapshot(): Configuration {
    return new Configuration(Object.fromEntries(this.#values))
  }
}

function check(spec: OptionSpec, key: string, value: string): void {
  try {
    parseOptions([{ ...spec, required: false }], { [key]: value }, { label: 'the configuration' })
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new MillraceError('CONFIGURATION_ERROR', `configuration key "${key}" cannot be '${value}'`, {
      detail: error.detail,
      hint: error.hint,
    })
  }
  if (key === 'table.local-time-zone') checkTimeZone(key, value)
}

function checkTimeZone(key: string, value: string): void {
  if (value === 'default') return
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
  } catch {
    throw new MillraceError('CONFIGURATION_ERROR', `configuration key "${key}" cannot be '${value}'`, {
      detail: "It takes 'default' or the name of a time zone, such as 'UTC' or 'Europe/Berlin'.",
    })
  }
}

function warningFor(key: string): string | undefined {
  if (!CHECKED_PREFIXES.test(key) || ACCEPTED_KEYS.includes(key)) return undefined
  const nearest = nearestName(key, [...SPECS.map((spec) => spec.key), ...ACCEPTED_KEYS])
  return `"${key}" is not a known configuration key${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`
}
