import { describe, expect, it } from 'vitest'
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  NULL,
  SMALLINT,
  type SqlType,
  STRING,
  TINYINT,
} from '../../core/types.ts'
import { KeyedTable, type KeyedTableOptions } from './keyed-table.ts'
import { PAGE_ROWS, SECOND_PART, type TablePage } from './page.ts'
import type { FixedStore } from './stored-column.ts'

const ROW: SqlType = {
  kind: 'ROW',
  nullable: true,
  fields: [
    { name: 'a', type: INT },
    { name: 'b', type: STRING },
  ],
}
const MAP: SqlType = { kind: 'MAP', nullable: true, key: STRING, value: INT }

function columns(types: readonly SqlType[], rows: readonly (readonly Value[])[]): Column[] {
  return types.map((type, index) =>
    columnOf(
      type,
      rows.map((row) => row[index] ?? null),
    ),
  )
}

function counter(types: readonly SqlType[], options?: KeyedTableOptions): KeyedTable {
  return new KeyedTable(types, [{ kind: 'i32' }], options)
}

function countRows(
  table: KeyedTable,
  types: readonly SqlType[],
  rows: readonly (readonly Value[])[],
  now = 0,
): number[] {
  const { rowIds } = table.lookupOrInsert(columns(types, rows), rows.length, now)
  const counts = (table.values[0] as FixedStore).values as Int32Array
  for (let i = 0; i < rows.length; i++) counts[rowIds[i] as number] = (counts[rowIds[i] as number] as number) + 1
  return [...rowIds.subarray(0, rows.length)]
}

function contents(table: KeyedTable, types: readonly SqlType[]): string[] {
  const rows = table.rows()
  const keys = types.map((type, index) => {
    const column: Column = table.keys[index]?.gather(rows, rows.length) ?? { kind: 'null', nulls: null }
    return Array.from(rows, (_, i) => readValue(column, type, i))
  })
  const counts = (table.values[0] as FixedStore).values
  return Array.from(rows, (row, i) => `${keys.map((key) => show(key[i] ?? null)).join(' ')} = ${counts[row]}`).sort()
}

function show(value: Value): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : Object.is(item, -0) ? '-0' : item))
}

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

const CASES: readonly {
  readonly name: string
  readonly types: readonly SqlType[]
  readonly value: (n: number) => readonly Value[]
}[] = [
  { name: 'BIGINT', types: [BIGINT], value: (n) => [n % 7 === 3 ? null : BigInt(n) * 0x100000001n - 5n] },
  { name: 'BIGINT NOT NULL', types: [BIGINT], value: (n) => [BigInt(n) << 32n] },
  { name: 'INT', types: [INT], value: (n) => [n === 0 ? null : n - 50] },
  {
    name: 'TINYINT, SMALLINT, BOOLEAN',
    types: [TINYINT, SMALLINT, BOOLEAN],
    value: (n) => [n % 100, n - 300, n % 3 === 0 ? null : n % 3 === 1],
  },
  { name: 'STRING', types: [STRING], value: (n) => [n === 5 ? null : n === 6 ? '' : 'ä'.repeat(n % 40) + n] },
  { name: 'BYTES', types: [BYTES], value: (n) => [Uint8Array.of(n & 255, n >> 8)] },
  { name: 'STRING, BIGINT', types: [STRING, BIGINT], value: (n) => [`k${n >> 1}`, n % 2 === 0 ? null : BigInt(n)] },
  { name: 'DOUBLE', types: [DOUBLE], value: (n) => [n === 0 ? Number.NaN : n === 1 ? -0 : n === 2 ? 0 : n / 7] },
  { name: 'FLOAT', types: [FLOAT], value: (n) => [Math.fround(n / 3)] },
  { name: 'DECIMAL(38)', types: [decimal(38, 2)], value: (n) => [BigInt(n) * 10n ** 30n - 10n ** 31n] },
  { name: 'NULL', types: [NULL, INT], value: (n) => [null, n] },
  { name: 'ROW', types: [ROW], value: (n) => [n === 0 ? null : [n % 5 === 0 ? null : n, `x${n}`]] },
  {
    name: 'MAP',
    types: [MAP],
    value: (n) => [
      [
        [`a${n}`, n],
        ['b', null],
      ],
    ],
  },
]

describe('KeyedTable', () => {
  for (const { name, types, value } of CASES) {
    it(`counts, removes and restores keys of ${name} like a Map`, () => {
      const next = random(17)
      const model = new Map<string, number>()
      const pages = new Map<number, TablePage['bytes']>()
      let table = counter(types)
      for (let round = 0; round < 60; round++) {
        const rows = Array.from({ length: 1 + Math.floor(next() * 60) }, () => value(Math.floor(next() * 400)))
        const rowIds = countRows(table, types, rows)
        for (const row of rows) {
          const key = row
            .map((cell) => show(Number.isNaN(cell) ? 'NaN' : cell instanceof Uint8Array ? [...cell] : cell))
            .join(' ')
          model.set(key, (model.get(key) ?? 0) + 1)
        }
        if (round % 3 === 2) {
          const gone = rows[0] ?? []
          table.remove(rowIds[0] ?? 0)
          const key = gone
            .map((cell) => show(Number.isNaN(cell) ? 'NaN' : cell instanceof Uint8Array ? [...cell] : cell))
            .join(' ')
          model.delete(key)
        }
        if (round % 10 === 9) {
          for (const { page, bytes } of table.snapshotPages()) pages.set(page, bytes)
          table = counter(types)
          table.restorePages([...pages].map(([page, bytes]) => ({ page, bytes })))
        }
        table.compact()
        expect(table.size).toBe(model.size)
      }
      const total = contents(table, types).map((line) => Number(line.slice(line.lastIndexOf('=') + 1)))
      expect(total.sort()).toEqual([...model.values()].sort())
    })
  }

  it('keeps NULL apart from 0 and from the empty string', () => {
    const table = counter([INT, STRING])
    countRows(
      table,
      [INT, STRING],
      [
        [0, ''],
        [null, ''],
        [0, null],
        [null, null],
        [null, null],
      ],
    )
    expect(contents(table, [INT, STRING])).toEqual(['0 "" = 1', '0 null = 1', 'null "" = 1', 'null null = 2'])
  })

  it('takes a NULL in a later batch for a key that was first seen without one', () => {
    const table = counter([BIGINT])
    countRows(table, [BIGINT], [[0n], [1n]])
    countRows(table, [BIGINT], [[null], [0n], [1n]])
    expect(contents(table, [BIGINT])).toEqual(['"0n" = 2', '"1n" = 2', 'null = 1'])
  })

  it('has one row where there are no key columns', () => {
    const table = counter([])
    countRows(table, [], [[], [], []])
    expect(contents(table, [])).toEqual([' = 3'])
  })

  it('writes only pages that changed, and gives up empty ones', () => {
    const table = counter([INT])
    countRows(
      table,
      [INT],
      Array.from({ length: 3 * PAGE_ROWS - 100 }, (_, n) => [n]),
    )
    const parts = (...pages: number[]): number[] => pages.flatMap((page) => [page, SECOND_PART + page])
    expect(table.snapshotPages().map(({ page }) => page)).toEqual(parts(0, 1, 2))
    expect(table.snapshotPages()).toEqual([])
    countRows(table, [INT], [[PAGE_ROWS + 500]])
    expect(table.snapshotPages().map(({ page }) => page)).toEqual([SECOND_PART + 1])
    for (let row = 2 * PAGE_ROWS; row < table.high; row++) table.remove(row)
    expect(table.snapshotPages()).toEqual(parts(2).map((page) => ({ page, bytes: null })))
    expect(table.writtenPages()).toEqual(parts(0, 1))
  })

  it('writes keys again when rows come and go, and only then', () => {
    const table = counter([STRING])
    const names = Array.from({ length: 2 * PAGE_ROWS - 100 }, (_, n) => [`a name of some length ${n}`])
    countRows(table, [STRING], names)
    const pages = new Map(table.snapshotPages().map((page) => [page.page, page]))
    const check = (...written: number[]): void => {
      const changed = table.snapshotPages()
      expect(changed.map(({ page }) => page)).toEqual(written)
      for (const page of changed) pages.set(page.page, page)
      const restored = counter([STRING])
      restored.restorePages([...pages.values()].reverse())
      expect(contents(restored, [STRING])).toEqual(contents(table, [STRING]))
    }
    countRows(table, [STRING], names.slice(0, 10))
    check(SECOND_PART)
    countRows(table, [STRING], [...names.slice(10, 20), ['another']])
    check(SECOND_PART, 1, SECOND_PART + 1)
    table.remove(5)
    check(0, SECOND_PART)
    table.intern(columns([STRING], names.slice(6, 1000)), 994)
    check()
    countRows(table, [STRING], [['in its place'], ...names.slice(PAGE_ROWS + 500, PAGE_ROWS + 501)])
    check(0, SECOND_PART, SECOND_PART + 1)
  })

  it('takes no keys and values of different rows', () => {
    const table = counter([INT])
    countRows(table, [INT], [[1], [2]])
    const [keys] = table.snapshotPages()
    countRows(table, [INT], [[3]])
    const [, values] = table.snapshotPages()
    const [first, second] = [keys, values].flatMap((page) => page ?? [])
    const pages = first === undefined || second === undefined ? [] : [first, second]
    expect(() => counter([INT]).restorePages(pages)).toThrow('its parts are of different rows')
    expect(() => counter([INT]).restorePages(pages.slice(0, 1))).toThrow('its parts are of different rows')
    expect(() => counter([INT]).restorePages(pages.slice(1))).toThrow('its parts are of different rows')
  })

  it('that has only keys takes a time to live, and gives it up', () => {
    const table = new KeyedTable([INT], [])
    table.intern(columns([INT], [[1], [2]]), 2)
    const pages = table.snapshotPages()
    expect(pages.map(({ page }) => page)).toEqual([0])
    const withTtl = new KeyedTable([INT], [], { ttl: 1000 })
    withTtl.restorePages(pages, 5000)
    withTtl.lookupOrInsert(columns([INT], [[2]]), 1, 5500)
    const times = withTtl.snapshotPages()
    expect(times.map(({ page }) => page)).toEqual([SECOND_PART])
    expect(withTtl.sweep(6000)).toBe(1)
    const again = new KeyedTable([INT], [])
    again.restorePages([...pages, ...times])
    expect(again.size).toBe(2)
    expect(again.writtenPages()).toEqual([0, SECOND_PART])
    expect(again.snapshotPages()).toEqual([{ page: SECOND_PART, bytes: null }])
    expect(again.snapshotPages()).toEqual([])
  })

  it('forgets a row its time to live after the last write', () => {
    const removed: number[] = []
    const table = counter([INT], { ttl: 1000, onRemove: (row) => removed.push(row) })
    countRows(table, [INT], [[1], [2]], 0)
    countRows(table, [INT], [[1]], 600)
    expect([...table.lookup(columns([INT], [[1], [2]]), 2, 1100).subarray(0, 2)]).toEqual([0, -1])
    const { inserted } = table.lookupOrInsert(columns([INT], [[2]]), 1, 1100)
    expect(inserted[0]).toBe(1)
    expect(table.sweep(1600)).toBe(1)
    expect(contents(table, [INT])).toEqual(['2 = 0'])
    expect(removed).toEqual([1, 0])
  })

  it('forgets expired rows as fast as others come, however many there are', () => {
    const table = counter([INT], { ttl: 1000 })
    let next = 0
    let most = 0
    for (let now = 0; now < 5000; now += 100) {
      const keys = Array.from({ length: 40_000 }, () => [next++])
      table.lookupOrInsert(columns([INT], keys), keys.length, now)
      table.sweep(now)
      most = Math.max(most, table.size)
    }
    // 400,000 rows come within a time to live, and a quarter of it may pass before one that has expired is found.
    expect(most).toBeLessThan(560_000)
  })

  it('takes pages from before a time to live was set, and from while one was', () => {
    const without = counter([INT])
    countRows(without, [INT], [[1], [2]])
    const pages = without.snapshotPages()
    const withTtl = counter([INT], { ttl: 1000 })
    withTtl.restorePages(pages, 5000)
    expect(withTtl.sweep(5999)).toBe(0)
    countRows(withTtl, [INT], [[2]], 5500)
    const later = withTtl.snapshotPages()
    expect(withTtl.sweep(6000)).toBe(1)
    const again = counter([INT])
    expect(later.map(({ page }) => page)).toEqual([SECOND_PART])
    again.restorePages([...pages.filter(({ page }) => page < SECOND_PART), ...later])
    expect(contents(again, [INT])).toEqual(['1 = 1', '2 = 2'])
  })

  it('names what is wrong with a damaged page', () => {
    const table = counter([INT])
    countRows(table, [INT], [[1]])
    const [page] = table.snapshotPages()
    expect(() => new KeyedTable([BIGINT], [{ kind: 'i32' }]).restorePages(page === undefined ? [] : [page])).toThrow(
      'state page 0 cannot be read: a column is i32 where the state has i64',
    )
    expect(() => counter([INT]).restorePages([{ page: 0, bytes: new Uint8Array(20) }])).toThrow(
      'does not begin as a page does',
    )
  })
})

describe('keys of one BIGINT column', () => {
  const BIGINTS: readonly SqlType[] = [{ kind: 'BIGINT', nullable: true }]
  const keysOf = (count: number, key: (n: number) => bigint | null): (readonly Value[])[] =>
    Array.from({ length: count }, (_, n) => [key(n)])

  it('are found while their upper halves are the same, and when they no longer are', () => {
    const table = counter(BIGINTS)
    const small = keysOf(500, (n) => BigInt(n % 300))
    const first = countRows(table, BIGINTS, small)
    expect(table.size).toBe(300)
    expect(first[300]).toBe(first[0])
    // The same lower halves below other upper ones are other keys.
    countRows(
      table,
      BIGINTS,
      keysOf(300, (n) => BigInt(n) - 2n ** 32n),
    )
    countRows(
      table,
      BIGINTS,
      keysOf(300, (n) => BigInt(n) + 2n ** 40n),
    )
    countRows(table, BIGINTS, [[null]])
    expect(table.size).toBe(901)
    expect(countRows(table, BIGINTS, small)).toEqual(first)
    expect(table.size).toBe(901)
  })

  it('are not found by a batch whose upper half is another, and looking them up inserts nothing', () => {
    const table = counter(BIGINTS)
    const rows = countRows(
      table,
      BIGINTS,
      keysOf(50, (n) => BigInt(n)),
    )
    const wanted = [[3n], [3n + 2n ** 32n], [77n], [49n]]
    expect([...table.lookup(columns(BIGINTS, wanted), 4).subarray(0, 4)]).toEqual([rows[3], -1, -1, rows[49]])
    expect(table.size).toBe(50)
  })

  it('come back from pages with values of every width', () => {
    const edges = [
      0n,
      127n,
      -128n,
      128n,
      32767n,
      -32768n,
      32768n,
      -(2n ** 31n),
      2n ** 31n,
      -(2n ** 63n),
      2n ** 63n - 1n,
    ]
    for (let used = 1; used <= edges.length; used++) {
      const table = new KeyedTable(BIGINTS, [{ kind: 'i64' }])
      const keys = edges.slice(0, used).map((edge) => [edge])
      const { rowIds } = table.lookupOrInsert(columns(BIGINTS, keys), used)
      const values = (table.values[0] as FixedStore).values as BigInt64Array
      for (let i = 0; i < used; i++) values[rowIds[i] as number] = -(edges[i] as bigint)
      table.remove(rowIds[0] as number)
      const restored = new KeyedTable(BIGINTS, [{ kind: 'i64' }])
      restored.restorePages(table.snapshotPages())
      const found = restored.lookup(columns(BIGINTS, keys), used)
      expect([...found.subarray(0, used)]).toEqual([-1, ...rowIds.subarray(1, used)])
      const after = (restored.values[0] as FixedStore).values as BigInt64Array
      for (let i = 1; i < used; i++) expect(after[found[i] as number]).toBe(BigInt.asIntN(64, -(edges[i] as bigint)))
    }
  })

  it('that are dense and many are found, taken away, come again, and go on beside others', () => {
    const table = counter(BIGINTS)
    const many = 100_000
    const dense = keysOf(many, (n) => BigInt((n * 7919) % many))
    const rows = countRows(table, BIGINTS, dense)
    expect(countRows(table, BIGINTS, dense)).toEqual(rows)
    expect(countRows(table, BIGINTS, dense)).toEqual(rows)
    for (let n = 0; n < 10; n++) table.remove(rows[n] as number)
    const found = table.lookup(columns(BIGINTS, dense), many)
    expect([...found.subarray(0, many)]).toEqual([...Array<number>(10).fill(-1), ...rows.slice(10)])
    const again = countRows(table, BIGINTS, dense)
    expect(new Set(again).size).toBe(many)
    expect(again.slice(10)).toEqual(rows.slice(10))
    const others = [[-5n], [BigInt(many)], [2n ** 31n + 5n], [2n ** 30n], [5n]]
    const [, , , , five] = countRows(table, BIGINTS, others)
    expect(five).toBe(again[dense.findIndex(([key]) => key === 5n)])
    expect(table.size).toBe(many + 4)
    expect(countRows(table, BIGINTS, dense)).toEqual(again)
    const counts = (table.values[0] as FixedStore).values as Int32Array
    expect(again.slice(10).every((row) => (counts[row] as number) >= 5)).toBe(true)
    expect(counts[again[0] as number]).toBe(2)
  })
})
