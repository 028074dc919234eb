import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import type { QueryResult } from './query-result.ts'
import { Session, type SessionOptions } from './session.ts'

const open: Session[] = []

function session(options: SessionOptions = {}): Session {
  const made = new Session({ dataDirectory: mkdtempSync(join(tmpdir(), 'millrace-session-')), ...options })
  open.push(made)
  return made
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((item) => item.close()))
})

async function query(from: Session, sql: string): Promise<QueryResult> {
  const result = await from.execute(sql)
  if (result.kind !== 'query') throw new Error(`${sql} gave ${result.kind}`)
  return result
}

async function rows(from: Session, sql: string): Promise<string[]> {
  const found: string[] = []
  for await (const row of await query(from, sql))
    found.push(`${row.kind} ${row.values.map((value) => String(value as string | number | bigint | null)).join(' ')}`)
  return found
}

async function failure(action: Promise<unknown>): Promise<MillraceError> {
  try {
    await action
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('no error')
}

test('rows of a query with their kinds, by position and by name', async () => {
  const own = session()
  const result = await query(own, "SELECT a, UPPER(b) AS b FROM (VALUES (1, 'x'), (2, 'y')) AS t(a, b)")
  const found = []
  for await (const row of result) found.push({ kind: row.kind, fields: row.fields })
  expect(found).toEqual([
    { kind: '+I', fields: { a: 1, b: 'X' } },
    { kind: '+I', fields: { a: 2, b: 'Y' } },
  ])
})

test('the changelog of an aggregate is the one that Flink emits', async () => {
  expect(
    await rows(session(), "SELECT k, SUM(v) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) AS t(k, v) GROUP BY k"),
  ).toEqual(['+I a 1', '+I b 2', '-U a 1', '+U a 4'])
})

test('values of every kind as JavaScript has them', async () => {
  const result = await query(
    session({ configuration: { 'table.local-time-zone': 'UTC' } }),
    `SELECT CAST(1 AS BIGINT), 1.50, DATE '2024-01-31', TIMESTAMP '2024-01-31 10:00:00.123',
      CAST('1970-01-01 00:00:01' AS TIMESTAMP_LTZ(3)), ARRAY[1, 2], MAP['a', 1], ROW(1, 'x'), CAST(NULL AS INT), TRUE`,
  )
  for await (const row of result) {
    expect(row.values.slice(0, 6)).toEqual([
      1n,
      '1.50',
      '2024-01-31',
      '2024-01-31 10:00:00.123',
      new Date(1000),
      [1, 2],
    ])
    expect(row.values[6]).toEqual(new Map([['a', 1]]))
    expect(Object.values(row.values[7] as object)).toEqual([1, 'x'])
    expect(row.values.slice(8)).toEqual([null, true])
  }
})

test('Arrow batches', async () => {
  const result = await query(session(), 'SELECT a, a * 2 AS b FROM (VALUES (1), (2), (3)) AS t(a)')
  const columns: number[][] = []
  for await (const { batch, kinds } of result.arrow()) {
    expect(kinds).toBeNull()
    columns.push(Array.from(batch.getChildAt(1) ?? []) as number[])
  }
  expect(columns.flat()).toEqual([2, 4, 6])
})

test('leaving the loop early ends the query', async () => {
  const own = session()
  await own.execute("CREATE TABLE endless (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000')")
  const result = await query(own, 'SELECT n FROM endless')
  for await (const row of result) {
    expect(row.kind).toBe('+I')
    break
  }
  expect(result.job.status).toBe('CANCELED')
})

test('an INSERT runs as a job that can be waited for and looked at', async () => {
  const written: string[] = []
  const own = session({ output: { write: (text) => written.push(text), writeError: (text) => written.push(text) } })
  await own.execute("CREATE TABLE p (a BIGINT, b STRING) WITH ('connector' = 'print')")
  const result = await own.execute(
    "INSERT INTO p SELECT a, b FROM (VALUES (CAST(1 AS BIGINT), 'x'), (2, CAST(NULL AS STRING))) AS t(a, b)",
  )
  if (result.kind !== 'job') throw new Error('no job')
  await result.job.finished
  expect(result.job.status).toBe('FINISHED')
  expect(written.join('')).toBe('+I[1, x]\n+I[2, null]\n')
  expect(result.job.metrics()).toMatchObject({ rowsIn: 2, rowsOut: 2, restarts: 0 })
  const shown = await own.execute('SHOW JOBS')
  expect(shown.kind === 'table' && shown.rows[0]?.slice(0, 3)).toEqual([
    result.job.id,
    'insert-into_default_catalog.default_database.p',
    'FINISHED',
  ])
})

test('errors know where in the text they are', async () => {
  const own = session()
  await own.execute("CREATE TABLE t (amount BIGINT) WITH ('connector' = 'datagen')")
  const unknown = await failure(own.execute('SELECT amount,\n  amuont FROM t'))
  expect(unknown).toMatchObject({ code: 'UNKNOWN_COLUMN', position: { line: 2, column: 3, length: 6 } })
  expect(unknown.hint).toContain('amount')
  const option = await failure(
    own.execute("CREATE TABLE u (a INT) WITH ('connector' = 'datagen', 'rows-per-secnd' = '1')"),
  )
  expect(option).toMatchObject({ code: 'UNKNOWN_OPTION', hint: 'Did you mean "rows-per-second"?' })
  expect(option.position?.column).toBe(55)
})

test('a malformed record fails the job with file and line', async () => {
  const own = session()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-input-'))
  writeFileSync(join(directory, 'a.json'), '{"a": 1}\n{"a": \n{"a": 3}\n')
  await own.execute(
    `CREATE TABLE bad (a INT) WITH ('connector' = 'filesystem', 'path' = '${directory}', 'format' = 'json')`,
  )
  const error = await failure(rows(own, 'SELECT a FROM bad'))
  expect(error.code).toBe('MALFORMED_RECORD')
  expect(JSON.stringify(error.at)).toContain('a.json')
  await own.execute(
    `CREATE TABLE tolerant (a INT) WITH ('connector' = 'filesystem', 'path' = '${directory}', 'format' = 'json', 'json.ignore-parse-errors' = 'true')`,
  )
  expect(await rows(own, 'SELECT a FROM tolerant')).toEqual(['+I 1', '+I 3'])
})

test('definitions are durable where asked for, and a second session is kept out', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-durable-'))
  const first = new Session({ dataDirectory: directory, durableCatalog: true })
  await first.execute("CREATE TABLE kept (a INT, b AS a + 1) WITH ('connector' = 'datagen')")
  await first.execute('CREATE VIEW v AS SELECT b FROM kept')
  expect(() => new Session({ dataDirectory: directory, durableCatalog: true })).toThrow(/used by another process/)
  await first.close()
  const second = session({ dataDirectory: directory, durableCatalog: true })
  const described = await second.execute('DESCRIBE v')
  expect(described.kind === 'table' && described.rows).toEqual([['b', 'INT', true, null, null, null]])
})

test('SET takes any key, warns about near misses and refuses impossible values', async () => {
  const own = session()
  expect(await own.execute("SET 'my.key' = 'x'")).toEqual({ kind: 'done', warnings: [] })
  const warned = await own.execute("SET 'table.exec.stat.ttl' = '1 d'")
  expect(warned.kind === 'done' && warned.warnings).toEqual([
    '"table.exec.stat.ttl" is not a known configuration key; did you mean "table.exec.state.ttl"?',
  ])
  expect(await failure(own.execute("SET 'execution.checkpointing.interval' = 'often'"))).toMatchObject({
    code: 'CONFIGURATION_ERROR',
  })
})

test('SHOW CREATE TABLE prints what makes the same table again', async () => {
  const own = session()
  const ddl = `CREATE TABLE orders (
    id BIGINT NOT NULL, ts TIMESTAMP(3), total AS id * 2, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
    PRIMARY KEY (id) NOT ENFORCED) COMMENT 'it''s' WITH ('connector' = 'datagen')`
  await own.execute(ddl)
  const shown = await own.execute('SHOW CREATE TABLE orders')
  if (shown.kind !== 'text') throw new Error('no text')
  await own.execute('DROP TABLE orders')
  await own.execute(shown.text)
  const again = await own.execute('SHOW CREATE TABLE orders')
  expect(again).toEqual(shown)
  expect(shown.text).toContain('CONSTRAINT `PK_id` PRIMARY KEY (`id`) NOT ENFORCED')
})

test('ALTER TABLE changes what is there and refuses what is in use', async () => {
  const own = session()
  await own.execute("CREATE TABLE t (a INT, b INT, c AS a + 1) WITH ('connector' = 'datagen')")
  await own.execute('ALTER TABLE t ADD (d STRING AFTER a)')
  await own.execute('ALTER TABLE t DROP b')
  await own.execute("ALTER TABLE t SET ('number-of-rows' = '3')")
  const described = await own.execute('DESCRIBE t')
  expect(described.kind === 'table' && described.rows.map((row) => row[0])).toEqual(['a', 'd', 'c'])
  expect(await failure(own.execute('ALTER TABLE t DROP a'))).toMatchObject({ code: 'OBJECT_IN_USE' })
  expect(await rows(own, 'SELECT COUNT(*) FROM t')).toHaveLength(5)
})

test('CREATE TABLE LIKE takes over what it is told to', async () => {
  const own = session()
  await own.execute(
    "CREATE TABLE base (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'number-of-rows' = '1')",
  )
  await own.execute("CREATE TABLE derived (z STRING) WITH ('number-of-rows' = '2') LIKE base (EXCLUDING WATERMARKS)")
  const shown = await own.execute('SHOW CREATE TABLE derived')
  const text = shown.kind === 'text' ? shown.text : ''
  expect(text).toContain("'number-of-rows' = '2'")
  expect(text).toContain('`z` VARCHAR(2147483647)')
  expect(text).not.toContain('WATERMARK')
})

test("a table's own parallelism of 1 keeps its source or sink in one worker", async () => {
  const own = session({ configuration: { 'parallelism.default': '2' } })
  const files = "'connector' = 'filesystem', 'path' = '/tmp/none', 'format' = 'json'"
  await own.execute("CREATE TABLE several (a INT) WITH ('connector' = 'datagen')")
  await own.execute("CREATE TABLE single_worker (a INT) WITH ('connector' = 'datagen', 'scan.parallelism' = '1')")
  await own.execute(`CREATE TABLE parts (a INT) WITH (${files})`)
  await own.execute(`CREATE TABLE whole (a INT) WITH (${files}, 'sink.parallelism' = '1')`)
  const exchanges = async (insert: string): Promise<number> => {
    const result = await own.execute(`EXPLAIN ${insert}`)
    return result.kind === 'text' ? result.text.split('Exchange(distribution=[single])').length - 1 : -1
  }
  expect(await exchanges('INSERT INTO parts SELECT a FROM several')).toBe(0)
  // In both plans.
  expect(await exchanges('INSERT INTO whole SELECT a FROM several')).toBe(2)
  // All rows are in the first worker already.
  expect(await exchanges('INSERT INTO whole SELECT a FROM single_worker')).toBe(0)
})
