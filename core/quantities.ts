/**
 * Durations and memory sizes as Flink writes them
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/config/): `10 s`, `500ms`, `1 min`, `128mb`.
 */

const DURATION_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ns: 1e-6,
  nano: 1e-6,
  nanosecond: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  micro: 1e-3,
  microsecond: 1e-3,
  ms: 1,
  milli: 1,
  millisecond: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  kibibytes: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mebibytes: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gibibytes: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tebibytes: 1024 ** 4,
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+)\s*([a-zµ]*)$/i.exec(text.trim())
  if (match === null) return undefined
  const name = (match[2] ?? '').toLowerCase()
  const unit = units[name] ?? (name.endsWith('s') ? units[name.slice(0, -1)] : undefined)
  return unit === undefined ? undefined : Number(match[1]) * unit
}

/** @returns milliseconds (a plain number is milliseconds, ISO-8601 `PT1H30M` is taken too), or undefined */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_UNITS) ?? parseIsoDuration(text.trim())
}

function parseIsoDuration(text: string): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text)
  if (match === null || text.length < 3) return undefined
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
  return (days ?? 0) * 86_400_000 + (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1000
}

/** @returns bytes (a plain number is bytes), or undefined */
export function parseMemorySize(text: string): number | undefined {
  return parseQuantity(text, MEMORY_UNITS)
}

/** Milliseconds in the largest unit that divides them: `90 s`, `5 min`. */
export function formatDuration(milliseconds: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const) {
    if (milliseconds !== 0 && milliseconds % size === 0) return `${milliseconds / size} ${unit}`
  }
  return `${milliseconds} ms`
}
