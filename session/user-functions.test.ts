import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Session } from './session.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-functions-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

async function rows(session: Session, sql: string): Promise<unknown[]> {
  const result = await session.execute(sql)
  if (result.kind !== 'query') throw new Error('not a query')
  const found: unknown[] = []
  for await (const row of result) found.push(row.values)
  return found
}

describe('functions in JavaScript', () => {
  it('of the program around the session', async () => {
    const session = new Session()
    session.createFunction('plus', '(a INT, b INT) -> INT', (a: number, b: number) => a + b)
    session.createFunction('letters', '(STRING) -> TABLE(letter STRING)', (text: string) => [...text])
    expect(await rows(session, 'SELECT PLUS(a, 2) FROM (VALUES (1), (2)) AS t (a)')).toEqual([[3], [4]])
    expect(await rows(session, "SELECT letter FROM TABLE(letters('ab'))")).toEqual([['a'], ['b']])
    session.createFunction('plus', '(INT, INT) -> STRING', (a: number, b: number) => `${a}+${b}`)
    expect(await rows(session, 'SELECT plus(a, 2) FROM (VALUES (1)) AS t (a)')).toEqual([['1+2']])
    expect(() => session.createFunction('odd', '(INT) -> WORD', () => 1)).toThrow('not a data type')
    await session.close()
  })

  it('are never folded when they are not deterministic', async () => {
    const session = new Session()
    let calls = 0
    session.createFunction('next', '() -> INT', () => ++calls, { deterministic: false })
    expect(await rows(session, 'SELECT a, `next`() FROM (VALUES (1), (2), (3)) AS t (a)')).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    await session.close()
  })

  it('are in the durable catalog with the absolute path of their module and their signature', async () => {
    const file = join(directory, 'functions.cjs')
    writeFileSync(file, "exports.twice = (n) => 2 * n\nexports.twice.signature = '(INT) -> INT'\n")
    const options = { dataDirectory: join(directory, 'data'), durableCatalog: true }
    const first = new Session(options)
    await first.execute(`CREATE FUNCTION twice AS '${file}#twice' LANGUAGE JAVASCRIPT`)
    await first.execute(
      `CREATE FUNCTION thrice AS 'n => 3 * n' LANGUAGE JAVASCRIPT WITH ('signature' = '(INT) -> INT')`,
    )
    await first.close()
    const second = new Session(options)
    expect(await rows(second, 'SELECT twice(a), thrice(a) FROM (VALUES (5)) AS t (a)')).toEqual([[10, 15]])
    await second.close()
  })

  it.each([
    ["'./nowhere.js#f'", /module ".*nowhere\.js" cannot be loaded/],
    ["'$DIR/some.mjs#g'", /export "g" of module ".*some\.mjs" of function "f" is no function/],
    ["'$DIR/broken.mjs'", /module ".*broken\.mjs" cannot be loaded/],
    ["'5'", /the text of function "f" is no function/],
  ])('%s is refused', async (identifier, message) => {
    writeFileSync(join(directory, 'some.mjs'), 'export const f = 1\n')
    writeFileSync(join(directory, 'broken.mjs'), 'throw new Error("no")\n')
    const session = new Session()
    const sql = `CREATE FUNCTION f AS ${identifier.replace('$DIR', directory)} LANGUAGE JAVASCRIPT WITH ('signature' = '() -> INT')`
    await expect(session.execute(sql)).rejects.toThrow(message)
    await session.close()
  })
})
