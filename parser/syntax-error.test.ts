import { expect, test } from 'vitest'
import { formatError, MillraceError } from '../core/errors.ts'
import { parseStatement } from './parse.ts'

/** Each of these has its full text, with caret, in the golden file; `vitest run -u` writes it anew. */
const WRONG = [
  // misspelled keywords
  'SELCT a FROM t',
  'SELECT a FORM t',
  'SELECT * FORM t',
  'SELECT a FROM t WEHRE a = 1',
  'SELECT a\nFROM t\nGRUOP BY a',
  'SELECT a FROM t AS x ODER BY a',
  'CREATE TABEL t (a INT)',
  'INSERT INOT t SELECT 1',
  'CREATE TABLE t (a INT, PRIMERY KEY (a) NOT ENFORCED)',
  'CREATE TABLE t (a INT, WATERMRK FOR a AS a)',
  'CREATE TABLE t (a INTT)',
  "CREATE TABLE t (a INT) WTIH ('a' = 'b')",
  'SELECT COUNT(DISTINT a) FROM t',
  "SELECT INTERVAL '5' MINUTS",
  'SELECT EXTRACT(DYA FROM ts) FROM t',
  'SHOW TABELS',
  'show catalogs likes',
  // something is missing or too many
  'SELECT a, FROM t',
  'SELECT f(a,) FROM t',
  'SELECT a FROM t WHERE',
  'SELECT a FROM t LIMIT',
  'SELECT a FROM t GROUP a',
  'SELECT a b c FROM t',
  'SELECT a NOT b FROM t',
  'SELECT * FROM a JOIN b WHERE a.x = b.x',
  'SELECT CASE a WHEN 1 THEN 2 FROM t',
  'SELECT CAST(a INT) FROM t',
  'SELECT SUM(x) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING) FROM t',
  'SELECT SUM(a OVER (PARTITION BY b) FROM t',
  'CREATE TABLE t (a INT b STRING)',
  'CREATE TABLE t (ts TIMESTAMP(3), WATERMARK ts AS ts)',
  "STOP JOB 'j' WITH DRAIN",
  'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; SELECT 2; END',
  'SELECT 1; SELECT 2',
  '',
  // parentheses
  'SELECT (a + b FROM t',
  'SELECT f(a,\n  (b + c)\nFROM t',
  'SELECT a) FROM t',
  'SELECT arr[1 FROM t',
  'SELECT a FROM t WHERE a IN (1, 2',
  "SELECT a FROM t /*+ OPTIONS('a'='b' */",
  // names
  'SELECT value FROM t',
  'SELECT a AS order FROM t',
  'SELECT t.value FROM t',
  'INSERT INTO SELECT * FROM t',
  // texts
  "SELECT 'abc FROM t",
  'SELECT "abc" FROM t',
  'SELECT `abc FROM t',
  'SELECT a /* comment FROM t',
  'SELECT 1a FROM t',
  "SELECT X'ABC'",
  "SELECT U&'\\26'",
  'SELECT a # b',
  // other habits
  'SELECT a::INT FROM t',
  'SELECT a FROM t WHERE a = ?',
  'SELECT TUMBLE(ts, INTERVAL 5 MINUTE) FROM t',
  "SELECT MAP['a'] FROM t",
  'SELECT * FROM t WHERE t.* = 1',
  'SELECT * FROM t WHERE a => 1',
  'SELECT * FROM t WHERE a == 1',
  'SELECT a IS NUL FROM t',
  'ALTER TABLE t ADD COLUMN a INT',
  'SELECT ARRAY_AGG(SELECT 1)',
  'SET execution.runtime-mode = streaming',
  'UPSERT INTO t VALUES (1)',
  'CREATE OR REPLACE VIEW v AS SELECT 1',
  "CREATE TABLE t (a INT) WITH (connector = 'kafka')",
  'CREATE TABLE t (a, b INT) AS SELECT 1, 2',
]

function errorText(sql: string): string {
  try {
    parseStatement(sql)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(MillraceError)
    if (thrown instanceof MillraceError) return formatError(thrown, sql)
  }
  return expect.fail(`accepted: ${sql}`)
}

test('error texts', async () => {
  const text = WRONG.map((sql) => `${sql}\n${errorText(sql)}\n`).join('\n')
  await expect(text).toMatchFileSnapshot('testing/syntax-errors.golden.txt')
})

test('positions count from the start of the text, over line breaks of all kinds', () => {
  for (const newline of ['\n', '\r\n', '\r']) {
    const sql = `SELECT a,${newline}  b${newline}${newline}  c FORM t`
    const offset = sql.indexOf('FORM')
    expect(() => parseStatement(sql)).toThrowError(
      expect.objectContaining({ position: { line: 4, column: 5, offset, length: 4 } }),
    )
  }
})
