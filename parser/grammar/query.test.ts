import { describe, expect, test } from 'vitest'
import { expectCanonical, expectUnchanged, withoutSpans } from '../testing/round-trip.ts'

const UNCHANGED = [
  'SELECT 1',
  'SELECT DISTINCT a, b AS c, t.*, * FROM t',
  'SELECT a FROM cat.db.t AS x WHERE a > 1 GROUP BY a HAVING COUNT(*) > 1 ORDER BY a LIMIT 10 OFFSET 5',
  'SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1',
  'SELECT SUM(a) OVER w, SUM(b) OVER v FROM t WINDOW w AS (PARTITION BY k), v AS (w ORDER BY ts)',
  "VALUES (1, 'a'), (2, 'b')",
  'VALUES (1), (2)',
  'VALUES ROW(ROW(1, 2))',
  'TABLE t',
  'WITH a AS (SELECT 1), b (x, y) AS (SELECT 2, 3) SELECT * FROM a, b',
  'WITH RECURSIVE a AS (SELECT 1) TABLE a',
  'SELECT a FROM t UNION SELECT b FROM u',
  'SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v',
  'SELECT a FROM t UNION ALL SELECT b FROM u INTERSECT ALL SELECT c FROM v',
  '(SELECT a FROM t UNION SELECT b FROM u) INTERSECT SELECT c FROM v',
  'SELECT a FROM t EXCEPT (SELECT b FROM u EXCEPT ALL SELECT c FROM v)',
  '(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL SELECT b FROM u LIMIT 2',
  '(SELECT a FROM t LIMIT 1) LIMIT 2',
  // grouping
  'SELECT 1 FROM t GROUP BY a, (b, c), ()',
  'SELECT 1 FROM t GROUP BY DISTINCT ROLLUP (a, (b, c)), CUBE (d), GROUPING SETS (a, ROLLUP (b), ())',
  'SELECT 1 FROM t GROUP BY (a + b) * c',
  // tables
  'SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x, y) RIGHT JOIN d ON TRUE FULL JOIN e ON FALSE',
  'SELECT * FROM a CROSS JOIN b NATURAL JOIN c NATURAL LEFT JOIN d',
  'SELECT * FROM a, b JOIN c ON TRUE, d',
  'SELECT * FROM a JOIN (b JOIN c ON TRUE) ON TRUE',
  'SELECT * FROM a CROSS JOIN (b, c)',
  'SELECT * FROM (a, b) CROSS JOIN c',
  'SELECT * FROM (SELECT 1) AS x CROSS JOIN (VALUES (1)) AS y (z)',
  'SELECT * FROM a CROSS JOIN ((SELECT 1) AS x JOIN b ON TRUE)',
  'SELECT * FROM (SELECT 1 UNION SELECT 2) AS x',
  'SELECT * FROM a, LATERAL (SELECT a.x) AS l',
  "SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTE)) AS w",
  "SELECT * FROM TABLE(SESSION(DATA => TABLE t PARTITION BY k, TIMECOL => DESCRIPTOR(ts), GAP => INTERVAL '1' DAY))",
  'SELECT * FROM a LEFT JOIN LATERAL TABLE(f(a.x)) AS t (y) ON TRUE',
  'SELECT * FROM a CROSS JOIN UNNEST(a.x, a.y) WITH ORDINALITY AS t (p, q)',
  'SELECT * FROM a JOIN b FOR SYSTEM_TIME AS OF a.ts AS c ON a.x = c.x',
  "SELECT * FROM a FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00' - INTERVAL '1' DAY",
  // hints
  "SELECT /*+ BROADCAST(a, b), LOOKUP('table' = 'c'), NO_ARGS, N(1, 'x') */ * FROM t",
  "SELECT * FROM t /*+ OPTIONS('a' = 'b', 'c' = 'd') */ AS x",
  // patterns
  "SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.x AS y, LAST(B.z, 1) AS w ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (A B* C+? D? E{2} F{2,} G{0,3}? H??) WITHIN INTERVAL '1' HOUR DEFINE A AS A.x > 1, B AS TRUE) AS m",
  'SELECT * FROM t MATCH_RECOGNIZE (ALL ROWS PER MATCH AFTER MATCH SKIP TO NEXT ROW PATTERN (^ (A | B C)+ PERMUTE(D, E) {- F -} $) SUBSET S = (A, B) DEFINE A AS TRUE)',
  'SELECT * FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO FIRST A PATTERN ((A B) C) DEFINE A AS TRUE)',
  'SELECT * FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO LAST A PATTERN ((A*)+) DEFINE A AS TRUE)',
  'SELECT * FROM (SELECT 1) MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE)',
  // names that are keywords elsewhere
  'SELECT key, type, state, name, data, model, map, job, plan, source, first, last, session FROM catalog.database.view',
]

const CHANGED: readonly (readonly [string, string])[] = [
  ['select all a x from t y', 'SELECT a AS x FROM t AS y'],
  ['select a from t limit all', 'SELECT a FROM t'],
  ['select a from t offset 5 rows fetch first 10 rows only', 'SELECT a FROM t LIMIT 10 OFFSET 5'],
  ['select a from t fetch next 1 row only', 'SELECT a FROM t LIMIT 1'],
  ['values 1, 2', 'VALUES (1), (2)'],
  ['values row(1, 2)', 'VALUES (1, 2)'],
  ['(select 1)', 'SELECT 1'],
  ['((select 1) union distinct (select 2)) order by 1', 'SELECT 1 UNION SELECT 2 ORDER BY 1'],
  ['select 1 minus select 2', 'SELECT 1 EXCEPT SELECT 2'],
  ['execute select 1', 'SELECT 1'],
  ['select 1 from t group by all (a), (b)', 'SELECT 1 FROM t GROUP BY a, b'],
  [
    'select * from a inner join b on true left outer join c on true',
    'SELECT * FROM a JOIN b ON TRUE LEFT JOIN c ON TRUE',
  ],
  ['select * from f(table t)', 'SELECT * FROM TABLE(f(TABLE t))'],
  ['select * from a, lateral f(x) as t', 'SELECT * FROM a, LATERAL TABLE(f(x)) AS t'],
  ['select * from ((select 1)) t', 'SELECT * FROM (SELECT 1) AS t'],
  ['select * from ((select 1) union (select 2)) t', 'SELECT * FROM (SELECT 1 UNION SELECT 2) AS t'],
  ['select * from ((select 1) a join b on true)', 'SELECT * FROM (SELECT 1) AS a JOIN b ON TRUE'],
  ['select * from ((a join b on true), c)', 'SELECT * FROM a JOIN b ON TRUE, c'],
  [
    "select * from t /*+ options('a'='b') options(c='d') */",
    "SELECT * FROM t /*+ options('a' = 'b'), options('c' = 'd') */",
  ],
  [
    'select * from t match_recognize (after match skip to a pattern (a) define a as true)',
    'SELECT * FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO LAST a PATTERN (a) DEFINE a AS TRUE)',
  ],
  [
    'select * from t match_recognize (pattern (a{,3} b{1,}) define a as true)',
    'SELECT * FROM t MATCH_RECOGNIZE (PATTERN (a{0,3} b+) DEFINE a AS TRUE)',
  ],
]

describe('queries', () => {
  test.each(UNCHANGED)('%s', (sql) => {
    expectUnchanged(sql)
  })

  test.each(CHANGED)('%s becomes %s', (sql, expected) => {
    expectCanonical(sql, expected)
  })

  test('a tree is plain data with names as written', () => {
    expect(withoutSpans(expectUnchanged('SELECT a FROM `T` AS x'))).toEqual({
      kind: 'query',
      recursive: false,
      with: [],
      body: {
        kind: 'select',
        hints: [],
        distinct: false,
        items: [
          {
            kind: 'select-item',
            expression: { kind: 'column', path: [{ kind: 'identifier', name: 'a', quoted: false }] },
          },
        ],
        from: {
          kind: 'table',
          name: { kind: 'object-name', parts: [{ kind: 'identifier', name: 'T', quoted: true }] },
          hints: [],
          alias: { kind: 'table-alias', name: { kind: 'identifier', name: 'x', quoted: false }, columns: [] },
        },
        windows: [],
      },
      orderBy: [],
    })
  })
})
