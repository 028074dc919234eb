/** Every option of every connector and format does something, or says why it does not. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONNECTOR_DESCRIPTORS, FORMAT_DESCRIPTORS } from '../catalog/connectors/index.ts'
import { parseTableOptions } from '../catalog/table-options.ts'
import { MillraceError } from '../core/errors.ts'
import type { OptionSpec } from '../core/options.ts'

const ROOT = join(import.meta.dirname, '..')
const EXTENSIONS = {
  connectors: new Map(CONNECTOR_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
  formats: new Map(FORMAT_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
}

/** All code that reads options: not the specs themselves, but what their descriptors derive and check. */
const SOURCES = globSync(['connectors/**/*.ts', 'planner/**/*.ts', 'executor/**/*.ts', 'catalog/**/*.ts'], {
  cwd: ROOT,
})
  .filter((name) => !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(ROOT, name), 'utf8').replaceAll(/\bkey: '[^']*'/g, ''))
  .join('\n')

const NO_EFFECT = /^(Taken for compatibility|Tunes the inner workings)/

/** How code names the option: whole, below a prefix, or made from parts. */
function namesOf(key: string): string[] {
  const names = [key, key.replace(/^properties\./, ''), key.replace(/^[^.]+/, '')]
  if (key.startsWith('fields.#')) names.push(key.slice('fields.#'.length), key.slice('fields.#.'.length))
  const mode = /^scan\.(?:startup|bounded)\.mode$/.exec(key)
  return [...names, ...(mode === null ? [] : ['scan.${mode}.mode'])]
}

function isRead(key: string): boolean {
  return namesOf(key).some((name) =>
    ["'", '`', '}'].some((quote) => SOURCES.includes(`${quote}${name}${quote === '}' ? '`' : quote}`)),
  )
}

function refusal(raw: Readonly<Record<string, string>>): MillraceError {
  try {
    parseTableOptions(raw, EXTENSIONS, 'table "t"')
  } catch (error) {
    if (error instanceof MillraceError) return error
  }
  throw new Error('it was taken')
}

function refusedValue({ type, values, only }: OptionSpec): string {
  return values?.find((value) => only?.values.includes(value) !== true) ?? (type === 'int' ? '7' : 'something-else')
}

function check(spec: OptionSpec, base: Readonly<Record<string, string>>, prefix: string): void {
  const key = `${prefix}${spec.key}`
  const reason = spec.refused ?? spec.only?.reason
  if (reason !== undefined) {
    const error = refusal({ ...base, [key]: refusedValue(spec) })
    expect(error).toMatchObject({ code: 'UNSUPPORTED_FEATURE', detail: reason })
    expect(error.message).toContain(`"${key}"`)
    expect(reason).toMatch(/\.$/)
  }
  if (spec.refused === undefined && spec.only === undefined && !NO_EFFECT.test(spec.description))
    expect(isRead(spec.key), `${key} is read by no code`).toBe(true)
}

describe('connector options', () => {
  for (const { name, options } of CONNECTOR_DESCRIPTORS) {
    it.each(options.map((spec) => [spec.key, spec] as const))(
      `${name}: %s works or is refused with a reason`,
      (_, spec) => {
        check(spec, { connector: name }, '')
      },
    )
  }
})

describe('format options', () => {
  for (const { name, options } of FORMAT_DESCRIPTORS) {
    it.each(options.map((spec) => [spec.key, spec] as const))(
      `${name}.%s works or is refused with a reason`,
      (_, spec) => {
        check(spec, { connector: 'kafka', format: name }, `${name}.`)
      },
    )
  }
})

it('knows when an option is read by no code', () => {
  expect(isRead('no.such.option')).toBe(false)
})
