import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseBatch } from '../../core/batch-text.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import * as types from '../../core/types.ts'
import type { SqlType } from '../../core/types.ts'
import type { SinkContext } from '../api/sink.ts'
import {
  ManualClock,
  readAll,
  sinkContext,
  sourceContext,
  type TableRequest,
  writeCommitted,
} from '../test-support/contexts.ts'
import { createSink, createSource } from './index.ts'

const address = process.env['MILLRACE_TEST_POSTGRES_URL']
const url = new URL(address ?? 'postgresql://x:x@127.0.0.1:1/x')

/** Query results as text, rows as `a|b`. */
async function rowsOf(sql: string): Promise<string[]> {
  const { rows } = await admin.query<(string | null)[]>({
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string) => value },
  })
  return rows.map((row) => row.map((value) => value ?? 'NULL').join('|'))
}

let admin: pg.Client

function table(
  name: string,
  columns: Record<string, SqlType>,
  options: Record<string, string> = {},
  primaryKey?: readonly string[],
): TableRequest {
  return {
    columns,
    options: {
      connector: 'jdbc',
      url: `jdbc:postgresql://${url.host}${url.pathname}`,
      'table-name': name,
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      ...options,
    },
    ...(primaryKey === undefined ? {} : { primaryKey }),
  }
}

async function read(request: TableRequest, columns?: readonly string[]): Promise<string[]> {
  const source = createSource(sourceContext(request, {}, columns))
  try {
    await source.open(undefined)
    return await readAll(source)
  } finally {
    await source.close()
  }
}

const ALL_TYPES: Record<string, SqlType> = {
  b: types.BOOLEAN,
  si: types.SMALLINT,
  i: types.INT,
  l: types.BIGINT,
  f: types.FLOAT,
  d: types.DOUBLE,
  n: types.decimal(20, 4),
  s: types.STRING,
  c: types.STRING,
  y: types.BYTES,
  dt: types.DATE,
  tm: { kind: 'TIME', precision: 3, nullable: true },
  ts: types.timestamp(6),
  tz: types.timestampLtz(3),
  js: types.STRING,
  u: types.STRING,
  ia: { kind: 'ARRAY', element: types.INT, nullable: true },
  sa: { kind: 'ARRAY', element: { kind: 'ARRAY', element: types.STRING, nullable: true }, nullable: true },
}

const ALL_TYPES_SQL = `(b boolean, si smallint, i integer, l bigint, f real, d double precision, n numeric(20,4), s text,
  c char(3), y bytea, dt date, tm time, ts timestamp, tz timestamptz, js jsonb, u uuid, ia integer[], sa text[])`

describe.skipIf(address === undefined)('jdbc', () => {
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: address })
    await admin.connect()
  })

  afterAll(async () => {
    await admin.end()
  })

  beforeEach(async () => {
    await rollbackAll()
    await admin.query('DROP VIEW IF EXISTS v; DROP TABLE IF EXISTS t, u, "Odd Name", every')
  })

  async function rollbackAll(): Promise<void> {
    for (const gid of await rowsOf('SELECT gid FROM pg_prepared_xacts')) await admin.query(`ROLLBACK PREPARED '${gid}'`)
  }

  /** Breaks every connection but ours, as a restart of the server does. */
  async function breakConnections(): Promise<void> {
    await admin.query(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
  }

  describe('types', () => {
    it('writes and reads every type', async () => {
      await admin.query(`CREATE TABLE every ${ALL_TYPES_SQL}`)
      const schema = { fields: Object.entries(ALL_TYPES).map(([name, type]) => ({ name, type })) }
      const text =
        'true -5 7 -9223372036854775808 1.5 0.1 -12500 "q\\"\\\\,{}" abc x00ff -1 36000500 1706695200123456 -500 ' +
        '"{\\"a\\": 1}" 0bd2a35a-8f2c-4f4d-9e39-4d2f0f5f6c11'
      const scalars = { fields: schema.fields.slice(0, 16) }
      const request = table('every', Object.fromEntries(Object.entries(ALL_TYPES).slice(0, 16)))
      const sink = createSink(sinkContext(request))
      await sink.open()
      await writeCommitted(sink, parseBatch(scalars, `+I ${text}\n+I ${'NULL '.repeat(16)}`))
      await sink.close()
      expect(await rowsOf('SELECT d, n, s, y, tz FROM every')).toEqual([
        '0.1|-1.2500|q"\\,{}|\\x00ff|1969-12-31 23:59:59.5+00',
        'NULL|NULL|NULL|NULL|NULL',
      ])
      expect(await read(request)).toEqual([`+I ${text}`, `+I ${'NULL '.repeat(16).trim()}`])
    })

    it('writes and reads arrays', async () => {
      await admin.query(`CREATE TABLE every ${ALL_TYPES_SQL}`)
      await admin.query(`INSERT INTO every (ia, sa) VALUES ('{1,NULL,3}', '{{a,"b c"},{"NULL",NULL}}'), ('{}', NULL)`)
      const arrays = table('every', { ia: ALL_TYPES['ia'] as SqlType, sa: ALL_TYPES['sa'] as SqlType })
      const expected = ['+I [1,NULL,3] [[a,"b c"],["NULL",NULL]]', '+I [] NULL']
      expect(await read(arrays)).toEqual(expected)
      const source = createSource(sourceContext(arrays))
      await source.open(undefined)
      const polled = await source.poll(1000)
      await source.close()
      await admin.query('TRUNCATE every')
      const sink = createSink(sinkContext(arrays))
      await sink.open()
      if (polled.kind === 'rows') await writeCommitted(sink, polled.batch)
      await sink.close()
      expect(await read(arrays)).toEqual(expected)
    })

    it('names missing tables, columns and types that do not fit', async () => {
      await admin.query('CREATE TABLE t (id bigint, customer text)')
      const attempt = (name: string, columns: Record<string, SqlType>) => read(table(name, columns))
      await expect(attempt('nothing', { id: types.BIGINT })).rejects.toMatchObject({
        code: 'EXTERNAL_OBJECT_MISSING',
        hint: expect.stringContaining('CREATE TABLE nothing ("id" bigint);'),
      })
      await expect(attempt('t', { id: types.BIGINT, custmer: types.STRING })).rejects.toMatchObject({
        code: 'EXTERNAL_OBJECT_MISSING',
        hint: expect.stringContaining('customer'),
      })
      await expect(attempt('t', { customer: types.INT })).rejects.toMatchObject({
        code: 'TYPE_MISMATCH',
        message: expect.stringContaining('column "customer" is INT here but text'),
        hint: 'Declare it as STRING.',
      })
    })

    it('finds names with capital letters and schemas', async () => {
      await admin.query('CREATE TABLE "Odd Name" ("Id" int, lower int); INSERT INTO "Odd Name" VALUES (1, 2)')
      expect(await read(table('Odd Name', { Id: types.INT, LOWER: types.INT }))).toEqual(['+I 1 2'])
      expect(await read(table('public."Odd Name"', { Id: types.INT }))).toEqual(['+I 1'])
    })
  })

  describe('connection', () => {
    it('says what is wrong', async () => {
      const columns = { id: types.BIGINT }
      await expect(read(table('t', columns, { url: 'jdbc:postgresql://127.0.0.1:1/x' }))).rejects.toMatchObject({
        code: 'CONNECTION_FAILED',
        message: 'PostgreSQL at 127.0.0.1:1 cannot be reached',
      })
      await expect(read(table('t', columns, { url: `jdbc:postgresql://${url.host}/nowhere` }))).rejects.toMatchObject({
        code: 'EXTERNAL_OBJECT_MISSING',
        message: expect.stringContaining('"nowhere"'),
      })
    })
  })

  describe('source', () => {
    beforeEach(async () => {
      await admin.query(`CREATE TABLE t (id int PRIMARY KEY, name text);
        INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 1000) i;
        CREATE TABLE u AS SELECT * FROM t; CREATE VIEW v AS SELECT * FROM t ORDER BY id`)
    })

    const columns = { id: types.INT, name: types.STRING }
    const expected = Array.from({ length: 1000 }, (_, i) => `+I ${i + 1} n${i + 1}`)

    it('reads whole, projected and in parts', async () => {
      expect(await read(table('t', columns))).toEqual(expected)
      expect((await read(table('t', columns), ['name'])).slice(0, 2)).toEqual(['+I n1', '+I n2'])
      expect(await read(table('t', columns), [])).toHaveLength(1000)
      const parts = {
        'scan.partition.column': 'id',
        'scan.partition.num': '3',
        'scan.partition.lower-bound': '1',
        'scan.partition.upper-bound': '1000',
        'scan.fetch-size': '64',
      }
      expect(await read(table('t', columns, parts))).toEqual(expected)
      const halves = [0, 1].map(async (subtask) => {
        const source = createSource(sourceContext(table('t', columns, parts), { subtask, parallelism: 2 }))
        await source.open(undefined)
        const rows = await readAll(source)
        await source.close()
        return rows
      })
      expect((await Promise.all(halves)).flat()).toHaveLength(1000)
    })

    it.each(['t', 'u', 'v'])('goes on behind the last row of %s', async (name) => {
      for (const polls of [0, 1, 3, 10, 11]) {
        const request = table(name, columns)
        const first = createSource(sourceContext(request, { batchRows: 100 }))
        await first.open(undefined)
        const before = await readAll(first, polls)
        const position = JSON.parse(JSON.stringify(first.position()))
        await first.close()
        const second = createSource(sourceContext(request, { batchRows: 100 }))
        await second.open(position)
        const after = await readAll(second)
        await second.close()
        expect([...before, ...after]).toEqual(expected)
      }
    })

    it.each(['t', 'u'])('survives a broken connection while it reads %s', async (name) => {
      const source = createSource(sourceContext(table(name, columns), { batchRows: 100 }))
      await source.open(undefined)
      const before = await readAll(source, 3)
      await breakConnections()
      const after = await readAll(source)
      await source.close()
      expect([...before, ...after]).toEqual(expected)
    })
  })

  describe('sink', () => {
    const columns = { id: types.INT, name: types.STRING }
    const schema = { fields: Object.entries(columns).map(([name, type]) => ({ name, type })) }
    const batch = (text: string): ChangeBatch => parseBatch(schema, text)

    async function open(request: TableRequest, overrides: Partial<SinkContext> = {}) {
      const sink = createSink(sinkContext(request, overrides))
      await sink.open()
      return sink
    }

    it('appends', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      const sink = await open(table('t', columns))
      await sink.write(batch('+I 1 a\n+I 2 NULL'))
      await writeCommitted(sink, batch('+I 1 a'))
      await sink.close()
      expect(await rowsOf('SELECT * FROM t ORDER BY 1')).toEqual(['1|a', '1|a', '2|NULL'])
    })

    it('upserts and deletes by key', async () => {
      await admin.query(
        "CREATE TABLE t (id int PRIMARY KEY, name text, other int DEFAULT 7); INSERT INTO t VALUES (1, 'x', 1), (9, 'y', 1)",
      )
      const sink = await open(table('t', columns, {}, ['id']))
      await sink.write(batch('+I 1 a\n+I 2 b\n-U 2 b\n+U 2 c\n-D 9 y\n+I 3 z\n-D 3 z'))
      await sink.prepare(1)
      expect(await rowsOf('SELECT * FROM t ORDER BY 1')).toEqual(['1|a|1', '2|c|7'])
      await sink.write(batch('-D 1 a\n+I 1 again'))
      await sink.prepare(2)
      await sink.close()
      expect(await rowsOf('SELECT * FROM t ORDER BY 1')).toEqual(['1|again|1', '2|c|7'])
    })

    it('flushes by number and time', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      const clock = new ManualClock()
      const sink = await open(table('t', columns, { 'sink.buffer-flush.max-rows': '2' }), { clock })
      await sink.write(batch('+I 1 a\n+I 2 b'))
      await expect.poll(() => rowsOf('SELECT count(*) FROM t')).toEqual(['2'])
      await sink.write(batch('+I 3 c'))
      clock.time = 1000
      await sink.onTime?.(1000)
      await expect.poll(() => rowsOf('SELECT count(*) FROM t')).toEqual(['3'])
      await sink.close()
    })

    it('needs a unique index for its key', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      await expect(open(table('t', columns, {}, ['id']))).rejects.toMatchObject({
        code: 'EXTERNAL_OBJECT_MISSING',
        hint: expect.stringContaining('ADD PRIMARY KEY ("id")'),
      })
      await admin.query('CREATE UNIQUE INDEX ON t (name, id)')
      const sink = await open(table('t', columns, {}, ['id', 'name']))
      await writeCommitted(sink, batch('+I 1 a\n+I 1 a'))
      await sink.close()
      expect(await rowsOf('SELECT * FROM t')).toEqual(['1|a'])
    })

    it('names wrong data', async () => {
      await admin.query('CREATE TABLE t (id int NOT NULL, name varchar(2))')
      const sink = await open(table('t', columns))
      await sink.write(batch('+I NULL a'))
      await expect(sink.prepare(1)).rejects.toMatchObject({ code: 'NOT_NULL_VIOLATION' })
      await sink.close()
      const second = await open(table('t', columns))
      await second.write(batch('+I 1 abc'))
      await expect(second.prepare(1)).rejects.toMatchObject({
        code: 'EXTERNAL_ERROR',
        retryable: false,
        detail: expect.stringContaining('too long'),
      })
      await second.close()
    })

    it.each([[undefined], [['id']]])('loses and doubles nothing when connections break (key %j)', async (key) => {
      await admin.query(`CREATE TABLE t (id int ${key === undefined ? '' : 'PRIMARY KEY'}, name text)`)
      const sink = await open(table('t', columns, { 'sink.buffer-flush.max-rows': '10' }, key))
      for (let i = 0; i < 60; i++) {
        const rows = Array.from({ length: 10 }, (_, row) => `+I ${i * 10 + row} n`).join('\n')
        await sink.write(batch(rows))
        if (i % 7 === 3) await breakConnections()
      }
      await sink.prepare(1)
      await sink.close()
      expect(await rowsOf('SELECT count(*), count(DISTINCT id) FROM t')).toEqual(['600|600'])
    })

    it('shows rows only with the commit where exactly-once is asked for', async () => {
      await admin.query('CREATE TABLE t (id int PRIMARY KEY, name text)')
      const request = table('t', columns, { 'sink.delivery-guarantee': 'exactly-once' }, ['id'])
      const sink = await open(request)
      await sink.write(batch('+I 1 a\n+I 2 b'))
      const handle = JSON.parse(JSON.stringify(await sink.prepare(1)))
      expect(await rowsOf('SELECT * FROM t')).toEqual([])
      // The next rows wait for the locks of the first.
      await sink.write(batch('+U 1 b'))
      await sink.commit(handle)
      await sink.commit(handle)
      expect(await rowsOf('SELECT * FROM t ORDER BY 1')).toEqual(['1|a', '2|b'])
      const second = await sink.prepare(2)
      await sink.close()
      expect(await rowsOf('SELECT gid FROM pg_prepared_xacts')).toHaveLength(1)
      const restored = await open(request)
      await restored.recover([handle, JSON.parse(JSON.stringify(second))])
      expect(await rowsOf('SELECT * FROM t ORDER BY 1')).toEqual(['1|b', '2|b'])
      expect(await restored.prepare(3)).toBeNull()
      await restored.close()
    })

    it('rolls back what no checkpoint knows, and only its own', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      const request = table('t', columns, { 'sink.delivery-guarantee': 'exactly-once' })
      for (const jobName of ['test-job', 'other-job']) {
        const sink = await open(request, { jobName })
        await sink.write(batch('+I 1 a'))
        await sink.prepare(1)
        await sink.close()
      }
      const restored = await open(request)
      await restored.recover([])
      await restored.close()
      expect(await rowsOf('SELECT gid FROM pg_prepared_xacts')).toHaveLength(1)
      expect(await rowsOf('SELECT * FROM t')).toEqual([])
    })

    it('says that a prepared transaction was rolled back by someone', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      const sink = await open(table('t', columns, { 'sink.delivery-guarantee': 'exactly-once' }))
      await sink.write(batch('+I 1 a'))
      const handle = await sink.prepare(1)
      await rollbackAll()
      await expect(sink.commit(handle)).rejects.toMatchObject({ code: 'TRANSACTION_LOST' })
      await sink.close()
    })

    it('commits over a broken connection', async () => {
      await admin.query('CREATE TABLE t (id int, name text)')
      const sink = await open(table('t', columns, { 'sink.delivery-guarantee': 'exactly-once' }))
      for (let checkpoint = 1; checkpoint <= 3; checkpoint++) {
        await sink.write(batch(`+I ${checkpoint} a`))
        const handle = await sink.prepare(checkpoint)
        await breakConnections()
        await sink.commit(handle)
      }
      await sink.write(batch('+I 4 lost'))
      await sink.onTime?.(Number.MAX_SAFE_INTEGER)
      await expect
        .poll(() => rowsOf("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"))
        .toEqual(['1'])
      await breakConnections()
      await expect(sink.prepare(4))
        .resolves.toBeNull()
        .catch(() => {})
      await sink.close()
      expect(await rowsOf('SELECT id FROM t ORDER BY 1')).toEqual(['1', '2', '3'])
    })
  })
})
