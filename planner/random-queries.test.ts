/** Whatever is written: a plan that fits together, or an error of the user's with its position. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import { parseStatement } from '../parser/parse.ts'
import { explainStatement, type PlannableStatement, planStatement } from './plan.ts'
import { verifyGraph } from './physical/verify.ts'
import { createTestPlanner } from './test-support.ts'

const { context } = createTestPlanner([
  `CREATE TABLE t (a INT, b STRING, c DECIMAL(10, 2) NOT NULL, ts TIMESTAMP(3), r ROW<x INT, y STRING>, e AS a + 1, WATERMARK FOR ts AS ts) WITH ('connector' = 'append')`,
  `CREATE TABLE u (a INT, b STRING, c DECIMAL(10, 2), ts TIMESTAMP(3), PRIMARY KEY (a) NOT ENFORCED, WATERMARK FOR ts AS ts) WITH ('connector' = 'upsert')`,
  `CREATE TABLE w (a INT, b STRING, c DOUBLE) WITH ('connector' = 'whole')`,
  `CREATE TABLE s1 (x INT, y STRING) WITH ('connector' = 'append')`,
  `CREATE TABLE s2 (x INT, y STRING, PRIMARY KEY (x) NOT ENFORCED) WITH ('connector' = 'upsert')`,
  `CREATE TABLE s3 (x INT, y STRING) WITH ('connector' = 'retract')`,
])

const column = fc.constantFrom('a', 'b', 'c', 'a', 'b', 'ts', 'window_start', 'n')
const literal = fc.constantFrom('1', '2.5', "'x'", 'NULL', 'TRUE', '1e0')

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    column,
    literal,
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '*', '=', '<', 'AND', 'OR'), tie('expression'))
      .map(([l, op, r]) => `(${l} ${op} ${r})`),
    fc.tuple(tie('expression'), tie('expression')).map(([l, r]) => `CASE WHEN a > 1 THEN ${l} ELSE ${r} END`),
    fc
      .tuple(tie('expression'), fc.constantFrom('INT', 'STRING', 'DOUBLE'))
      .map(([input, type]) => `CAST(${input} AS ${type})`),
    tie('expression').map((input) => `${input} IS NULL`),
    fc.constant('RAND()'),
  ),
}))

const aggregate = fc
  .tuple(
    fc.constantFrom('COUNT(*)', 'SUM(a)', 'MAX(b)', 'COUNT(DISTINCT a)', 'MIN(c)'),
    fc.constantFrom('', ' FILTER (WHERE a > 1)'),
  )
  .map(([call, filter]) => call + filter)
const condition = fc.oneof(
  fc.constantFrom('a > 1', "b = 'x' AND a < 3", 'a IN (1, 2) OR c > 1', 'window_start IS NOT NULL', 'n > 1'),
  expression,
)

const { query } = fc.letrec<{ query: string; source: string }>((tie) => ({
  source: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('t', 'u', 'w'),
    fc.constantFrom('t', 'u').map((table) => `TABLE(TUMBLE(TABLE ${table}, DESCRIPTOR(ts), INTERVAL '1' MINUTE))`),
    fc.constantFrom(
      "TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '3' MINUTE))",
      "TABLE(CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '3' MINUTE))",
      "TABLE(SESSION(TABLE t PARTITION BY a, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
      "TABLE(SESSION(TABLE u, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
    ),
    tie('query').map((inner) => `(${inner}) AS q`),
  ),
  query: fc.oneof(
    fc
      .tuple(expression, column, tie('source'), fc.option(condition))
      .map(
        ([item, other, from, where]) =>
          `SELECT ${item} AS a, ${other} AS b FROM ${from}${where === null ? '' : ` WHERE ${where}`}`,
      ),
    fc.tuple(tie('source'), condition).map(([from, where]) => `SELECT * FROM ${from} WHERE ${where}`),
    fc
      .tuple(aggregate, aggregate, tie('source'), fc.option(condition))
      .map(
        ([x, y, from, having]) =>
          `SELECT a, ${x} AS n, ${y} AS b FROM ${from} GROUP BY a${having === null ? '' : ` HAVING ${having}`}`,
      ),
    fc
      .tuple(aggregate, tie('source'))
      .map(
        ([x, from]) =>
          `SELECT window_start, window_end, a, ${x} AS n FROM ${from} GROUP BY a, window_start, window_end`,
      ),
    fc
      .tuple(
        aggregate,
        tie('source'),
        fc.constantFrom('ROLLUP (a, b)', 'CUBE (a, b)', 'window_start, window_end, GROUPING SETS ((a, b), (a))'),
      )
      .map(([x, from, groups]) => `SELECT a, b, ${x} AS n, GROUPING(a) AS g FROM ${from} GROUP BY ${groups}`),
    fc
      .tuple(aggregate, fc.constantFrom('SESSION', 'TUMBLE'), fc.constantFrom('t', 'u'))
      .map(
        ([x, window, from]) =>
          `SELECT ${window}_START(ts, INTERVAL '1' HOUR) AS window_start, ${window}_ROWTIME(ts, INTERVAL '1' HOUR) AS ts, a, ${x} AS n, b FROM ${from} GROUP BY ${window}(ts, INTERVAL '1' HOUR), a, b`,
      ),
    fc
      .tuple(
        tie('source'),
        fc.constantFrom('a', 'ts DESC', 'c, b DESC'),
        fc.constantFrom('', 'a, '),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(
        ([from, order, key, count]) =>
          `SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ${key}window_start, window_end ORDER BY ${order}) AS place FROM ${from}) WHERE place <= ${count}`,
      ),
    fc.tuple(tie('source'), tie('source')).map(([l, r]) => `SELECT a, b FROM ${l} UNION ALL SELECT a, b FROM ${r}`),
    tie('source').map((from) => `SELECT DISTINCT a, b FROM ${from}`),
  ),
}))

const statement = fc
  .tuple(query, fc.constantFrom('', 'INSERT INTO s1 ', 'INSERT INTO s2 ', 'INSERT INTO s3 '))
  .map(([sql, into]) => (into === '' ? sql : `${into}SELECT CAST(a AS INT), CAST(b AS STRING) FROM (${sql})`))

test('random queries are planned or refused with a position', () => {
  let planned = 0
  fc.assert(
    fc.property(statement, (sql) => {
      const parsed = parseStatement(sql) as PlannableStatement
      try {
        verifyGraph(planStatement(parsed, sql, context))
        expect(explainStatement(parsed, sql, context)).toContain('== Optimized Physical Plan ==')
        planned++
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error
        expect(error.domain, error.message).toBe('user')
        expect(error.position, `${error.message}: ${sql}`).toBeDefined()
      }
    }),
    { numRuns: 600 },
  )
  expect(planned).toBeGreaterThan(50)
})
