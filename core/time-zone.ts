/** Offsets of IANA time zones, from Intl. */

const QUARTER_HOUR = 900_000

/**
 * @returns a function from milliseconds since the epoch to the zone's offset in milliseconds (local = UTC + offset);
 *   answers are remembered by quarter of an hour, the finest step of any zone's changes since 1972
 */
export function zoneOffsetFunction(timeZone: string): (epochMilliseconds: number) => number {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC' || timeZone === 'GMT') return () => 0
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  const known = new Map<number, number>()
  return (epochMilliseconds) => {
    const quarter = Math.floor(epochMilliseconds / QUARTER_HOUR)
    const found = known.get(quarter)
    if (found !== undefined) return found
    if (known.size > 100_000) known.clear()
    const offset = readOffset(format, quarter * QUARTER_HOUR)
    known.set(quarter, offset)
    return offset
  }
}

function readOffset(format: Intl.DateTimeFormat, time: number): number {
  const name = format.formatToParts(time).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name)
  if (match?.[1] === undefined) return 0
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
  return (match[1] === '-' ? -seconds : seconds) * 1000
}

/** Milliseconds since the epoch of a wall-clock reading in a zone; in a gap or overlap the earlier offset's. */
export function localToEpoch(local: number, offset: (epochMilliseconds: number) => number): number {
  const first = local - offset(local)
  return local - offset(first)
}
