import { daysFromCivil } from '../../core/datetime-text.ts'
import { localToEpoch, zoneOffsetFunction } from '../../core/time-zone.ts'

const LETTERS: Readonly<Record<string, string>> = {
  y: 'year',
  M: 'month',
  d: 'day',
  H: 'hour',
  m: 'minute',
  s: 'second',
}

/**
 * The time that a text means, in milliseconds since the epoch.
 *
 * @param pattern letters y, M, d, H, m, s and literal text; a text that ends early has zeros for the rest
 * @returns undefined where the text does not follow the pattern
 */
export function parsePartitionTime(text: string, pattern: string, timeZone: string): number | undefined {
  const parts = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 }
  let at = 0
  for (const [token] of pattern.matchAll(/([yMdHms])\1*|'[^']*'|[^yMdHms']+/g)) {
    const name = LETTERS[token[0] ?? ''] as keyof typeof parts | undefined
    if (at === text.length) break
    if (name === undefined) {
      const literal = token.startsWith("'") ? token.slice(1, -1) : token
      if (!text.startsWith(literal, at)) return undefined
      at += literal.length
    } else {
      const digits = new RegExp(`^\\d{1,${Math.max(token.length, 2)}}`).exec(text.slice(at))?.[0]
      if (digits === undefined) return undefined
      parts[name] = Number(digits)
      at += digits.length
    }
  }
  if (at !== text.length || text === '') return undefined
  const days = daysFromCivil(parts.year, parts.month, parts.day)
  const local = ((days * 24 + parts.hour) * 60 + parts.minute) * 60_000 + parts.second * 1000
  return localToEpoch(local, zoneOffsetFunction(timeZone))
}
