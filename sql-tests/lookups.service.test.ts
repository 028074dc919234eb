/** Lookup joins against PostgreSQL, as a user writes them: with every kind of cache, and over checkpoints. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Session } from '../session/session.ts'

const address = process.env['MILLRACE_TEST_POSTGRES_URL']
const url = new URL(address ?? 'postgresql://x:x@127.0.0.1:1/x')

let admin: pg.Client
let directory = ''
let session: Session

function dimension(name: string, options: Record<string, string> = {}): string {
  const all = {
    connector: 'jdbc',
    url: `jdbc:postgresql://${url.host}${url.pathname}`,
    'table-name': 'dim',
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ...options,
  }
  const text = Object.entries(all).map(([key, value]) => `'${key}' = '${value}'`)
  return `CREATE TABLE ${name} (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${text.join(', ')})`
}

async function rows(sql: string): Promise<string[]> {
  const result = await session.execute(sql)
  if (result.kind !== 'query') throw new Error('no query')
  const lines: string[] = []
  for await (const row of result) lines.push(`${row.kind} ${Object.values(row.fields).map(String).join(' ')}`)
  return lines
}

describe.skipIf(address === undefined)('lookup joins against PostgreSQL', () => {
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: address })
    await admin.connect()
  })

  afterAll(async () => {
    await admin.end()
  })

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-lookups-'))
    session = new Session({ dataDirectory: join(directory, 'data') })
    await admin.query('DROP TABLE IF EXISTS dim; CREATE TABLE dim (id bigint PRIMARY KEY, name text)')
    await admin.query("INSERT INTO dim SELECT n, 'name ' || n FROM generate_series(0, 99) AS n WHERE n % 10 <> 3")
    const lines = Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"k":${n % 100}}`)
    writeFileSync(join(directory, 'facts.json'), `${lines.join('\n')}\n`)
    await session.execute(
      `CREATE TABLE facts (n INT, k BIGINT, p AS PROCTIME()) WITH ('connector' = 'filesystem', 'path' = '${join(directory, 'facts.json')}', 'format' = 'json')`,
    )
  })

  afterEach(async () => {
    await session.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it.each<[string, Record<string, string>]>([
    ['no cache', {}],
    ['a partial cache', { 'lookup.cache': 'PARTIAL', 'lookup.partial-cache.max-rows': '40' }],
    ['a full cache', { 'lookup.cache': 'FULL' }],
  ])('joins in order with %s', async (_, options) => {
    await session.execute(dimension('dim', options))
    const found = await rows(
      'SELECT f.n, d.name FROM facts AS f LEFT JOIN dim FOR SYSTEM_TIME AS OF f.p AS d ON f.k = d.id',
    )
    const expected = Array.from({ length: 20_000 }, (_unused, n) =>
      n % 10 === 3 ? `+I ${n} null` : `+I ${n} name ${n % 100}`,
    )
    expect(found).toEqual(expected)
  })

  it('gives everything out, in some order, where order does not matter', async () => {
    await session.execute(dimension('dim'))
    await session.execute("SET 'table.exec.async-lookup.output-mode' = 'ALLOW_UNORDERED'")
    await session.execute("SET 'table.exec.async-lookup.buffer-capacity' = '3'")
    const found = await rows('SELECT f.n FROM facts AS f JOIN dim FOR SYSTEM_TIME AS OF f.p AS d ON f.k = d.id')
    expect(found).toHaveLength(18_000)
    expect(new Set(found).size).toBe(18_000)
  })

  it('waits for answers at the end of the input and at checkpoints, and aggregates what comes', async () => {
    await session.execute(dimension('dim'))
    await session.execute("SET 'execution.checkpointing.interval' = '20 ms'")
    await admin.query('CREATE TABLE IF NOT EXISTS totals (name text PRIMARY KEY, n bigint); TRUNCATE totals')
    await session.execute(
      dimension('totals', { 'table-name': 'totals' }).replace(
        '(id BIGINT, name STRING, PRIMARY KEY (id)',
        '(name STRING, n BIGINT, PRIMARY KEY (name)',
      ),
    )
    const result = await session.execute(
      'INSERT INTO totals SELECT d.name, COUNT(*) FROM facts AS f JOIN dim FOR SYSTEM_TIME AS OF f.p AS d ON f.k = d.id GROUP BY d.name',
    )
    if (result.kind !== 'job') throw new Error('no job')
    await result.job.finished
    const { rows: totals } = await admin.query<{ n: string; sum: string }>('SELECT count(*) AS n, sum(n) FROM totals')
    expect(totals).toEqual([{ n: '90', sum: '18000' }])
    await admin.query('DROP TABLE totals')
  })

  it('asks again for rows that come later, as the hint says', async () => {
    await session.execute(dimension('dim'))
    const late = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        admin.query("INSERT INTO dim VALUES (3, 'late')").then(() => {
          resolve()
        }, reject)
      }, 100)
    })
    const found = await rows(
      "SELECT /*+ LOOKUP('table'='d', 'retry-predicate'='lookup_miss', 'retry-strategy'='fixed_delay', 'fixed-delay'='200 ms', 'max-attempts'='5') */ f.n, d.name FROM (SELECT * FROM facts WHERE n IN (2, 3)) AS f LEFT JOIN dim FOR SYSTEM_TIME AS OF f.p AS d ON f.k = d.id",
    )
    await late
    expect(found).toEqual(['+I 2 name 2', '+I 3 late'])
  })

  it('fails with the name of the table when the server is gone', async () => {
    await session.execute(dimension('dim', { 'lookup.max-retries': '0' }))
    await admin.query('ALTER TABLE dim RENAME TO other')
    await expect(
      rows('SELECT f.n FROM facts AS f JOIN dim FOR SYSTEM_TIME AS OF f.p AS d ON f.k = d.id'),
    ).rejects.toMatchObject({ code: 'EXTERNAL_OBJECT_MISSING' })
    await admin.query('ALTER TABLE other RENAME TO dim')
  })
})
