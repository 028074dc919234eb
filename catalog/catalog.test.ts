import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import { BIGINT } from '../core/types.ts'
import { Catalog } from './catalog.ts'
import type { CatalogTable } from './table.ts'

function table(name: string, temporary = false): CatalogTable {
  return {
    kind: 'table',
    path: { catalog: 'default_catalog', database: 'default_database', name },
    temporary,
    columns: [{ kind: 'physical', name: 'a', type: BIGINT }],
    partitionKeys: [],
    options: { connector: 'print' },
  }
}

function directory(): string {
  return mkdtempSync(join(tmpdir(), 'millrace-catalog-'))
}

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof MillraceError) return `${error.code}: ${error.message}`
  }
  return 'no error'
}

test('objects outlive the process, temporary ones do not', () => {
  const at = directory()
  const first = new Catalog(at)
  first.createTable(table('kept'), false)
  first.createTable(table('gone', true), false)
  first.createDatabase({ catalog: 'default_catalog', database: 'd' }, {}, 'mine', false)
  first.close()
  const second = new Catalog(at)
  expect(second.tableNames()).toEqual(['kept'])
  expect(second.databaseNames()).toEqual(['d', 'default_database'])
  second.close()
})

test('a write torn at any byte leaves the state before or after it', () => {
  const at = directory()
  const catalog = new Catalog(at)
  catalog.createTable(table('one'), false)
  const before = readFileSync(join(at, 'catalog.log')).length
  catalog.createTable(table('two'), false)
  catalog.close()
  const whole = readFileSync(join(at, 'catalog.log')).length
  copyFileSync(join(at, 'catalog.log'), join(at, 'whole'))
  for (let length = before; length <= whole; length++) {
    copyFileSync(join(at, 'whole'), join(at, 'catalog.log'))
    truncateSync(join(at, 'catalog.log'), length)
    const reopened = new Catalog(at)
    expect(reopened.tableNames()).toEqual(length === whole ? ['one', 'two'] : ['one'])
    reopened.createTable(table('three'), false)
    reopened.close()
    const again = new Catalog(at)
    expect(again.tableNames()).toContain('three')
    again.close()
  }
})

test('damage in the middle of the log is refused and names the line', () => {
  const at = directory()
  const catalog = new Catalog(at)
  catalog.createTable(table('one'), false)
  catalog.createTable(table('two'), false)
  catalog.close()
  const bytes = readFileSync(join(at, 'catalog.log'))
  bytes[40] = (bytes[40] ?? 0) ^ 1
  writeFileSync(join(at, 'catalog.log'), bytes)
  expect(codeOf(() => new Catalog(at))).toBe(`IO_ERROR: the catalog file "${join(at, 'catalog.log')}" is damaged`)
})

test('a second process is refused, the lock of a dead one is taken over', () => {
  const at = directory()
  const catalog = new Catalog(at)
  expect(codeOf(() => new Catalog(at))).toContain('DATA_DIRECTORY_LOCKED')
  catalog.close()
  writeFileSync(join(at, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }))
  new Catalog(at).close()
  rmSync(at, { recursive: true })
})

test('many changes are compacted into a log of the live objects', () => {
  const at = directory()
  const catalog = new Catalog(at)
  for (let round = 0; round < 300; round++) {
    catalog.createTable(table('t'), false)
    catalog.dropTable(table('t').path, 'table', false, false)
  }
  catalog.createTable(table('last'), false)
  catalog.close()
  expect(readFileSync(join(at, 'catalog.log'), 'utf8').split('\n').length).toBeLessThan(300)
  const reopened = new Catalog(at)
  expect(reopened.tableNames()).toEqual(['last'])
  reopened.close()
})

test('what cannot be done is refused with the name of the object', () => {
  const catalog = new Catalog()
  catalog.createTable(table('orders'), false)
  expect(codeOf(() => catalog.createTable(table('orders'), false))).toContain('OBJECT_EXISTS')
  catalog.createTable(table('orders'), true)
  expect(codeOf(() => catalog.requireTable(['ordres']))).toBe(
    'UNKNOWN_TABLE: table or view "default_catalog.default_database.ordres" does not exist',
  )
  expect(
    codeOf(() => catalog.dropDatabase({ catalog: 'default_catalog', database: 'default_database' }, false, true)),
  ).toContain('OBJECT_IN_USE')
  catalog.createTable(table('orders', true), false)
  expect(codeOf(() => catalog.dropTable(table('orders').path, 'table', false, false))).toContain('OBJECT_IN_USE')
})
