import { expect, test } from 'vitest'
import { MillraceError } from './errors.ts'
import { parseOptions } from './option-values.ts'
import type { OptionSpec } from './options.ts'

const SPECS: readonly OptionSpec[] = [
  { key: 'path', type: 'string', required: true, description: 'Where the files are.' },
  {
    key: 'mode',
    type: 'enum',
    values: ['earliest-offset', 'latest-offset'],
    default: 'latest-offset',
    description: '',
  },
  { key: 'interval', type: 'duration', default: '30 min', description: '' },
  { key: 'size', type: 'memory', description: '' },
  { key: 'sink.semantic', type: 'string', aliases: ['sink.legacy'], description: '' },
  { key: 'properties.*', type: 'string', description: '' },
  { key: 'fields.#.kind', type: 'enum', values: ['random', 'sequence'], default: 'random', description: '' },
  { key: 'driver', type: 'string', description: '', only: { values: ['pg'], reason: 'There is no other.' } },
  { key: 'old', type: 'string', description: '', refused: 'There is no cluster.' },
]
const OWNER = { label: 'table "t"' }

function failure(raw: Record<string, string>): MillraceError {
  try {
    parseOptions(SPECS, raw, OWNER)
  } catch (error) {
    if (error instanceof MillraceError) return error
  }
  throw new Error('no error')
}

test('reads values with their types, defaults, aliases and wildcards', () => {
  const options = parseOptions(
    SPECS,
    { path: '/a', size: '2 MB', 'sink.legacy': 'x', 'properties.group.id': 'g', 'fields.a.kind': 'SEQUENCE' },
    OWNER,
  )
  expect(options.string('path')).toBe('/a')
  expect(options.enum('mode')).toBe('latest-offset')
  expect(options.duration('interval')).toBe(1_800_000)
  expect(options.memory('size')).toBe(2 * 1024 * 1024)
  expect(options.string('sink.semantic')).toBe('x')
  expect([...options.prefixed('properties.')]).toEqual([['group.id', 'g']])
  expect(options.enum('fields.a.kind')).toBe('sequence')
  expect(options.enum('fields.b.kind')).toBe('random')
})

test.each([
  [{ path: 'a', mdoe: 'x' }, 'UNKNOWN_OPTION', 'table "t" has no option "mdoe"', 'Did you mean "mode"?'],
  [{}, 'MISSING_OPTION', 'table "t" needs option "path"', "Add 'path' = '…' to WITH (…)."],
  [
    { path: 'a', mode: 'latest' },
    'INVALID_OPTION',
    `option "mode" of table "t" cannot be 'latest'`,
    'Did you mean "latest-offset"?',
  ],
  [
    { path: 'a', interval: '5 weeks' },
    'INVALID_OPTION',
    `option "interval" of table "t" cannot be '5 weeks'`,
    undefined,
  ],
  [{ path: 'a', old: 'x' }, 'UNSUPPORTED_FEATURE', 'option "old" of table "t" is not supported', undefined],
  [
    { path: 'a', driver: 'x' },
    'UNSUPPORTED_FEATURE',
    `option "driver" of table "t" cannot be 'x'`,
    "It can be 'pg', or left out.",
  ],
])('%j is refused', (raw, code, message, hint) => {
  const error = failure(raw)
  expect(error.code).toBe(code)
  expect(error.message).toBe(message)
  expect(error.hint).toBe(hint)
})
