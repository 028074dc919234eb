import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { formatBatch, parseBatch } from '../../core/batch-text.ts'
import * as types from '../../core/types.ts'
import type { SqlType } from '../../core/types.ts'
import type { LookupContext, LookupSource } from '../api/lookup.ts'
import { sourceContext } from '../test-support/contexts.ts'
import { createLookup } from './index.ts'

const address = process.env['MILLRACE_TEST_POSTGRES_URL']
const url = new URL(address ?? 'postgresql://x:x@127.0.0.1:1/x')

let admin: pg.Client

function context(
  columns: Record<string, SqlType>,
  keys: readonly string[],
  options: Record<string, string> = {},
): LookupContext {
  const made = sourceContext({
    columns,
    options: {
      connector: 'jdbc',
      url: `jdbc:postgresql://${url.host}${url.pathname}`,
      'table-name': 't',
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      ...options,
    },
  })
  return { ...made, keys: keys.map((key) => made.columns.indexOf(key)) }
}

/** `position of the key: row`, as they come back. */
async function find(source: LookupSource, made: LookupContext, keys: string): Promise<string[]> {
  const fields = made.keys.flatMap((key) => made.schema.fields[key] ?? [])
  const { rows, keyOf } = await source.lookup(parseBatch({ fields }, keys))
  const lines = rows.rows === 0 ? [] : formatBatch(rows).split('\n')
  return lines.map((line, row) => `${keyOf[row]}: ${line.slice(3)}`).sort()
}

describe.skipIf(address === undefined)('lookups in PostgreSQL', () => {
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: address })
    await admin.connect()
  })

  afterAll(async () => {
    await admin.end()
  })

  beforeEach(async () => {
    await admin.query('DROP TABLE IF EXISTS t')
  })

  const columns = { id: types.BIGINT, kind: types.STRING, name: types.STRING }

  it('finds the rows of many keys with one statement', async () => {
    await admin.query(
      "CREATE TABLE t (id int, kind text, name text); INSERT INTO t VALUES (1, 'a', 'x'), (1, 'b', 'y'), (2, 'a', NULL), (NULL, 'a', 'z')",
    )
    const made = context(columns, ['id'])
    const source = createLookup(made)
    await source.open()
    expect(await find(source, made, '1\n7\n2')).toEqual(['0: 1 a x', '0: 1 b y', '2: 2 a NULL'])
    expect(await find(source, made, '8')).toEqual([])
    await admin.query("UPDATE t SET name = 'new' WHERE id = 2")
    expect(await find(source, made, '2')).toEqual(['0: 2 a new'])
    await source.close()
  })

  it('compares several columns, with texts of every kind', async () => {
    await admin.query(
      `CREATE TABLE t (id bigint, kind text, name text); INSERT INTO t VALUES (1, 'a "b", {c}', 'x'), (1, 'NULL', 'y'), (1, E'\\\\', 'z')`,
    )
    const made = context(columns, ['kind', 'id'])
    const source = createLookup(made)
    await source.open()
    expect(await find(source, made, '"a \\"b\\", {c}" 1\n"NULL" 1\n"\\\\" 1\n"NULL" 2')).toEqual([
      '0: 1 "a \\"b\\", {c}" x',
      '1: 1 "NULL" y',
      '2: 1 \\ z',
    ])
    await source.close()
  })

  it.each<[string, SqlType, string, string]>([
    ['numeric(12,3)', types.decimal(12, 3), '1500', "'1.5'"],
    ['timestamp', types.timestamp(3), '1767225600000', "'2026-01-01 00:00:00'"],
    ['timestamptz', types.timestampLtz(3), '1767225600000', "'2026-01-01 01:00:00+01'"],
    ['date', types.DATE, '20454', "'2026-01-01'"],
    ['boolean', types.BOOLEAN, 'true', 'true'],
    ['bytea', types.BYTES, 'x00ff', "'\\x00ff'"],
    ['uuid', types.STRING, '00000000-0000-0000-0000-000000000001', "'00000000-0000-0000-0000-000000000001'"],
    ['double precision', types.DOUBLE, '0.1', '0.1'],
  ])('looks up by %s', async (pgType, type, key, literal) => {
    await admin.query(`CREATE TABLE t (k ${pgType}, name text); INSERT INTO t VALUES (${literal}, 'it'), (NULL, 'not')`)
    const made = context({ k: type, name: types.STRING }, ['k'])
    const source = createLookup(made)
    await source.open()
    expect(await find(source, made, key)).toEqual([`0: ${key} it`])
    await source.close()
  })

  it('connects again when a connection has broken', async () => {
    await admin.query("CREATE TABLE t (id int, kind text, name text); INSERT INTO t VALUES (1, 'a', 'x')")
    const made = context(columns, ['id'])
    const source = createLookup(made)
    await source.open()
    for (let round = 0; round < 6; round++) {
      expect(await find(source, made, '1')).toEqual(['0: 1 a x'])
      await admin.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
      )
    }
    await source.close()
  })

  it('says what is wrong, at once where another attempt would not help', async () => {
    await admin.query('CREATE TABLE t (id int, kind text, name text)')
    const made = context(columns, ['id'])
    await expect(createLookup(context({ id: types.BIGINT, nme: types.STRING }, ['id'])).open()).rejects.toMatchObject({
      code: 'EXTERNAL_OBJECT_MISSING',
    })
    const source = createLookup(made)
    await source.open()
    await admin.query('DROP TABLE t')
    const started = performance.now()
    await expect(find(source, made, '1')).rejects.toMatchObject({ code: 'EXTERNAL_OBJECT_MISSING' })
    expect(performance.now() - started).toBeLessThan(900)
    await source.close()
  })
})
