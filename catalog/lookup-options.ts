/**
 * `lookup.*`: options of tables that rows are looked up in
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/jdbc/#lookup-cache), and the full cache
 * of https://cwiki.apache.org/confluence/display/FLINK/FLIP-221.
 */
import { MillraceError } from '../core/errors.ts'
import type { OptionSpec, OptionValues } from '../core/options.ts'

export type LookupCacheOptions =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'partial'
      /** Keys; absent: any number. */
      readonly maxRows?: number
      /** Milliseconds; absent: never. */
      readonly expireAfterWrite?: number
      readonly expireAfterAccess?: number
      /** Whether it is remembered that there is nothing for a key. */
      readonly missingKeys: boolean
    }
  | { readonly kind: 'full'; readonly reload: LookupReload | undefined }

/** When a full cache is read again; times are milliseconds. */
export type LookupReload =
  | { readonly kind: 'fixed-delay' | 'fixed-rate'; readonly interval: number }
  /** At a time of the day, every so many days; `offset` of the time's zone from UTC, absent: the session's zone. */
  | { readonly kind: 'timed'; readonly timeOfDay: number; readonly offset?: number; readonly days: number }

const FULL_CACHE_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'lookup.full-cache.reload-strategy',
    type: 'enum',
    values: ['PERIODIC', 'TIMED'],
    default: 'PERIODIC',
    description: 'When a full cache is read again: after an interval, or at a time of the day.',
  },
  {
    key: 'lookup.full-cache.periodic-reload.interval',
    type: 'duration',
    description: 'PERIODIC: how long after the last time; absent: the table is read once.',
  },
  {
    key: 'lookup.full-cache.periodic-reload.schedule-mode',
    type: 'enum',
    values: ['FIXED_DELAY', 'FIXED_RATE'],
    default: 'FIXED_DELAY',
    description: 'Whether the interval counts from the end of the last reading or from its beginning.',
  },
  {
    key: 'lookup.full-cache.timed-reload.iso-time',
    type: 'string',
    description: "TIMED: the time of the day, such as '10:15' or '10:15Z', '10:15+07:00'.",
  },
  {
    key: 'lookup.full-cache.timed-reload.interval-in-days',
    type: 'int',
    default: '1',
    description: 'TIMED: every so many days.',
  },
]

/** Of a table that is looked up by queries. */
export const LOOKUP_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'lookup.cache',
    type: 'enum',
    values: ['NONE', 'PARTIAL', 'FULL'],
    default: 'NONE',
    description:
      'What lookup joins keep: nothing, rows of keys that were looked up, or the whole table, which is read when the job starts.',
  },
  {
    key: 'lookup.partial-cache.max-rows',
    type: 'long',
    aliases: ['lookup.cache.max-rows'],
    description: 'PARTIAL: number of keys; the one that was not used for longest goes first.',
  },
  {
    key: 'lookup.partial-cache.expire-after-write',
    type: 'duration',
    aliases: ['lookup.cache.ttl'],
    description: 'PARTIAL: how long after it was looked up a key is asked for again.',
  },
  {
    key: 'lookup.partial-cache.expire-after-access',
    type: 'duration',
    description: 'PARTIAL: how long after its last use a key is forgotten.',
  },
  {
    key: 'lookup.partial-cache.cache-missing-key',
    type: 'boolean',
    default: 'true',
    aliases: ['lookup.cache.caching-missing-key'],
    description: 'PARTIAL: whether it is remembered that there is no row for a key.',
  },
  {
    key: 'lookup.max-retries',
    type: 'int',
    default: '3',
    description: 'How often a lookup that failed is tried again, with growing pauses.',
  },
  ...FULL_CACHE_OPTIONS,
]

/** Of a table that can only be read as a whole. */
export const FULL_LOOKUP_OPTIONS: readonly OptionSpec[] = [
  {
    key: 'lookup.cache',
    type: 'enum',
    values: ['FULL'],
    default: 'FULL',
    description: 'Not in Flink. Lookup joins keep the whole table, which is read when the job starts.',
  },
  ...FULL_CACHE_OPTIONS.map((spec) => ({
    ...spec,
    description: `Not in Flink for this connector. ${spec.description}`,
  })),
]

/** @throws MillraceError INVALID_OPTION, MISSING_OPTION */
export function lookupCacheOptions(options: OptionValues): LookupCacheOptions {
  const kind = cacheKind(options)
  if (kind !== 'PARTIAL') refuseOthers(options, kind, 'lookup.partial-cache.', PARTIAL_KEYS)
  if (kind !== 'FULL') refuseOthers(options, kind, 'lookup.full-cache.', FULL_KEYS)
  if (kind === 'NONE') return { kind: 'none' }
  if (kind === 'FULL') return { kind: 'full', reload: reloadOptions(options) }
  const maxRows = options.optionalLong('lookup.partial-cache.max-rows')
  if (maxRows !== undefined && maxRows < 1n) {
    throw new MillraceError('INVALID_OPTION', 'option "lookup.partial-cache.max-rows" must be at least 1')
  }
  const expireAfterWrite = options.optionalDuration('lookup.partial-cache.expire-after-write')
  const expireAfterAccess = options.optionalDuration('lookup.partial-cache.expire-after-access')
  return {
    kind: 'partial',
    ...(maxRows === undefined ? {} : { maxRows: Number(maxRows) }),
    ...(expireAfterWrite === undefined ? {} : { expireAfterWrite }),
    ...(expireAfterAccess === undefined ? {} : { expireAfterAccess }),
    missingKeys: options.boolean('lookup.partial-cache.cache-missing-key'),
  }
}

const PARTIAL_KEYS = ['max-rows', 'expire-after-write', 'expire-after-access']
const FULL_KEYS = FULL_CACHE_OPTIONS.filter((spec) => spec.default === undefined).map((spec) =>
  spec.key.slice('lookup.full-cache.'.length),
)

/** Before there was `lookup.cache`, giving both limits of a cache meant that there is one. */
function cacheKind(options: OptionValues): string {
  const legacy =
    !options.has('lookup.cache') &&
    options.has('lookup.partial-cache.max-rows') &&
    options.has('lookup.partial-cache.expire-after-write')
  return legacy ? 'PARTIAL' : options.enum('lookup.cache')
}

function refuseOthers(options: OptionValues, kind: string, prefix: string, keys: readonly string[]): void {
  for (const key of keys) {
    if (!options.has(prefix + key)) continue
    throw new MillraceError(
      'INVALID_OPTION',
      `option "${prefix}${key}" has no effect with 'lookup.cache' = '${kind}'`,
      {
        hint: `Add 'lookup.cache' = '${prefix.includes('partial') ? 'PARTIAL' : 'FULL'}', or leave the option out.`,
      },
    )
  }
}

function reloadOptions(options: OptionValues): LookupReload | undefined {
  if (options.enum('lookup.full-cache.reload-strategy') === 'TIMED') return timedReload(options)
  const interval = options.optionalDuration('lookup.full-cache.periodic-reload.interval')
  if (interval === undefined) return undefined
  if (interval <= 0) {
    throw new MillraceError(
      'INVALID_OPTION',
      'option "lookup.full-cache.periodic-reload.interval" must be longer than 0',
    )
  }
  const mode = options.enum('lookup.full-cache.periodic-reload.schedule-mode')
  return { kind: mode === 'FIXED_RATE' ? 'fixed-rate' : 'fixed-delay', interval }
}

function timedReload(options: OptionValues): LookupReload {
  const key = 'lookup.full-cache.timed-reload.iso-time'
  const text = options.optionalString(key)
  if (text === undefined) {
    throw new MillraceError('MISSING_OPTION', `'lookup.full-cache.reload-strategy' = 'TIMED' needs option "${key}"`)
  }
  const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text)
  const [, hour = '', minute = '', second = '0', fraction = '0', zone] = match ?? []
  if (match === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, {
      hint: "It takes a time of the day such as '10:15', '10:15:30Z' or '10:15+07:00'.",
    })
  }
  const days = options.int('lookup.full-cache.timed-reload.interval-in-days')
  if (days < 1) {
    throw new MillraceError(
      'INVALID_OPTION',
      'option "lookup.full-cache.timed-reload.interval-in-days" must be at least 1',
    )
  }
  const milliseconds = Number(fraction.padEnd(3, '0'))
  const timeOfDay = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + milliseconds
  return { kind: 'timed', timeOfDay, days, ...(zone === undefined ? {} : { offset: zoneOffset(zone) }) }
}

function zoneOffset(zone: string): number {
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
