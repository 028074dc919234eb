/** Java's date patterns (DateTimeFormatter and SimpleDateFormat) for the letters that SQL users write. */
import { civilFromDays, daysFromCivil, daysInMonth } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const DAY = 86_400_000

/** Parts of a pattern: runs of one letter, or text. */
function partsOf(pattern: string): { readonly letter: string; readonly count: number; readonly text: string }[] {
  const parts = []
  const expression = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g
  for (const match of pattern.matchAll(expression)) {
    if (match[1] !== undefined)
      parts.push({ letter: '', count: 0, text: match[1] === '' ? "'" : match[1].replaceAll("''", "'") })
    else if (match[2] !== undefined) parts.push({ letter: match[2], count: match[0].length, text: match[0] })
    else parts.push({ letter: '', count: 0, text: match[0] })
  }
  return parts
}

function unknownLetter(letter: string, pattern: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `date pattern '${pattern}' has the unknown letter "${letter}"`)
}

const UNITS: Readonly<Record<string, number>> = {
  S: 1,
  s: 1000,
  m: 60_000,
  H: 3_600_000,
  k: 3_600_000,
  h: 3_600_000,
  K: 3_600_000,
  a: 3_600_000,
}

/** Milliseconds of the finest part of a pattern: times in the same unit of that length have the same text. */
export function finestUnit(pattern: string): number {
  return Math.min(...partsOf(pattern).map(({ letter }) => UNITS[letter] ?? DAY))
}

/** @param local wall-clock milliseconds since 1970-01-01; @param nanos of the second */
export function createDateFormatter(pattern: string): (local: number, nanos: number) => string {
  const parts = partsOf(pattern)
  return (local, nanos) => {
    const days = Math.floor(local / DAY)
    const { year, month, day } = civilFromDays(days)
    const second = Math.floor((local - days * DAY) / 1000)
    const hour = Math.floor(second / 3600)
    const pad = (value: number, width: number): string => String(value).padStart(width, '0')
    return parts
      .map(({ letter, count, text }) => {
        switch (letter) {
          case '':
            return text
          case 'y':
          case 'u':
          case 'Y':
            return count === 2 ? pad(year % 100, 2) : pad(year, count)
          case 'M':
          case 'L':
            return count >= 4
              ? (MONTHS[month - 1] ?? '')
              : count === 3
                ? (MONTHS[month - 1] ?? '').slice(0, 3)
                : pad(month, count)
          case 'd':
            return pad(day, count)
          case 'D':
            return pad(days - daysFromCivil(year, 1, 1) + 1, count)
          case 'H':
            return pad(hour, count)
          case 'k':
            return pad(hour === 0 ? 24 : hour, count)
          case 'h':
            return pad(hour % 12 === 0 ? 12 : hour % 12, count)
          case 'K':
            return pad(hour % 12, count)
          case 'm':
            return pad(Math.floor(second / 60) % 60, count)
          case 's':
            return pad(second % 60, count)
          case 'S':
            return pad(nanos, 9).slice(0, count).padEnd(count, '0')
          case 'a':
            return hour < 12 ? 'AM' : 'PM'
          case 'E': {
            const name = DAYS[(((days + 3) % 7) + 7) % 7] ?? ''
            return count >= 4 ? name : name.slice(0, 3)
          }
          case 'Q':
          case 'q':
            return pad(Math.ceil(month / 3), count)
          default:
            throw unknownLetter(letter, pattern)
        }
      })
      .join('')
  }
}

export interface ParsedDate {
  readonly milliseconds: number
  readonly nanos: number
}

const NUMBER_LETTERS = 'yuMdHhkKmsS'

/** @returns wall-clock milliseconds since 1970-01-01 and the nanoseconds of the second, or undefined */
export function createDateParser(pattern: string): (text: string) => ParsedDate | undefined {
  const parts = partsOf(pattern)
  const letters: string[] = []
  const source = parts.map(({ letter, count, text }, index) => {
    if (letter === '') return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    letters.push(letter + (letter === 'M' && count >= 3 ? 'n' : ''))
    if (letter === 'M' && count >= 3) return '([A-Za-z]+)'
    if (letter === 'a') return '([AaPp][Mm])'
    if (letter === 'E') return '([A-Za-z]+)'
    if (!NUMBER_LETTERS.includes(letter)) throw unknownLetter(letter, pattern)
    const followedByDigits = NUMBER_LETTERS.includes(parts[index + 1]?.letter || ' ')
    if (letter === 'S') return `(\\d{1,${Math.max(count, 1)}})`
    return followedByDigits ? `(\\d{${count}})` : '(\\d+)'
  })
  const expression = new RegExp(`^${source.join('')}`)
  return (text) => {
    const match = expression.exec(text.trim())
    return match === null ? undefined : assemble(letters, match.slice(1))
  }
}

function assemble(letters: readonly string[], texts: readonly string[]): ParsedDate | undefined {
  const field: Record<string, number> = {}
  letters.forEach((letter, index) => {
    const text = texts[index] ?? ''
    if (letter === 'Mn')
      field['M'] = MONTHS.findIndex((name) => name.toLowerCase().startsWith(text.toLowerCase().slice(0, 3))) + 1
    else if (letter === 'a') field['a'] = text.toLowerCase() === 'pm' ? 12 : 0
    else if (letter === 'S') field['S'] = Number(text.padEnd(9, '0').slice(0, 9))
    else field[letter] = letter === 'y' && text.length === 2 ? 2000 + Number(text) : Number(text)
  })
  const [year, month, day] = [field['y'] ?? field['u'] ?? 1970, field['M'] ?? 1, field['d'] ?? 1]
  const hour = field['H'] ?? (field['k'] ?? (field['h'] ?? field['K'] ?? 0) % 12) % 24
  const hours = field['h'] === undefined && field['K'] === undefined ? hour : hour + (field['a'] ?? 0)
  const [minute, second] = [field['m'] ?? 0, field['s'] ?? 0]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || hours > 23 || minute > 59 || second > 59)
    return undefined
  const nanos = field['S'] ?? 0
  const milliseconds =
    daysFromCivil(year, month, day) * DAY + ((hours * 60 + minute) * 60 + second) * 1000 + Math.floor(nanos / 1_000_000)
  return { milliseconds, nanos }
}
