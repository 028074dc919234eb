import { describe, expect, test } from 'vitest'
import { parseStatement } from '../parse.ts'
import { expectCanonical, expectUnchanged } from '../testing/round-trip.ts'
import { STATEMENT_WORDS } from './statement.ts'

const UNCHANGED = [
  // data
  'INSERT INTO t SELECT 1',
  'INSERT INTO cat.db.t (a, b.c) VALUES (1, 2), (3, 4)',
  "INSERT OVERWRITE t /*+ OPTIONS('a' = 'b') */ PARTITION (p = 'x', q = 1) (a) SELECT 1",
  'INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x',
  'INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING',
  'INSERT INTO t SELECT 1 ON CONFLICT DO ERROR',
  'INSERT INTO t SELECT 1 ON CONFLICT DO DEDUPLICATE',
  'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b VALUES (1); END',
  'BEGIN STATEMENT SET',
  'END',
  'UPDATE t AS x SET a = 1, b.c = a + 1 WHERE a > 1',
  'DELETE FROM t AS x WHERE a = 1',
  'DELETE FROM t',
  'TRUNCATE TABLE t',
  "CALL cat.db.p('a', b => 1)",
  // plans
  'EXPLAIN PLAN FOR SELECT 1',
  'EXPLAIN ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE INSERT INTO t SELECT 1',
  'EXPLAIN PLAN FOR STATEMENT SET BEGIN INSERT INTO a SELECT 1; END',
  'EXPLAIN PLAN FOR CREATE TABLE t AS SELECT 1',
  'EXPLAIN PLAN FOR UPDATE t SET a = 1',
  'EXPLAIN PLAN FOR DELETE FROM t',
  "COMPILE PLAN 'p' IF NOT EXISTS FOR INSERT INTO t SELECT 1",
  "COMPILE PLAN 'p' FOR STATEMENT SET BEGIN INSERT INTO t SELECT 1; END",
  "EXECUTE PLAN 'p'",
  "COMPILE AND EXECUTE PLAN 'p' FOR INSERT INTO t SELECT 1",
  // session
  'USE CATALOG c',
  'USE c.d',
  'USE catalog.d',
  'USE MODULES a, b',
  "LOAD MODULE m WITH ('a' = 'b')",
  'UNLOAD MODULE m',
  'SET',
  "SET 'a' = 'b'",
  'RESET',
  "RESET 'a'",
  "ADD JAR 'p'",
  "REMOVE JAR 'p'",
  'HELP',
  'CLEAR',
  'QUIT',
  "SOURCE 'f'",
  // inspection
  "SHOW CATALOGS NOT ILIKE 'a'",
  "SHOW DATABASES FROM c LIKE 'a'",
  "SHOW TABLES FROM c.d NOT LIKE 'a'",
  'SHOW VIEWS',
  'SHOW MATERIALIZED TABLES FROM d',
  'SHOW FUNCTIONS',
  'SHOW USER FUNCTIONS',
  'SHOW PROCEDURES',
  'SHOW MODELS',
  'SHOW MODULES',
  'SHOW FULL MODULES',
  'SHOW JARS',
  'SHOW JOBS',
  'SHOW CURRENT CATALOG',
  'SHOW CURRENT DATABASE',
  "SHOW COLUMNS FROM t LIKE 'a'",
  "SHOW PARTITIONS t PARTITION (p = 'x')",
  'SHOW PARTITIONS t',
  'SHOW CREATE TABLE t',
  'SHOW CREATE VIEW v',
  'SHOW CREATE CATALOG c',
  'SHOW CREATE DATABASE d',
  'SHOW CREATE FUNCTION f',
  'SHOW CREATE MODEL m',
  'SHOW CREATE MATERIALIZED TABLE m',
  'DESCRIBE EXTENDED a.b.c',
  'DESCRIBE catalog',
  'DESCRIBE CATALOG EXTENDED c',
  'DESCRIBE DATABASE d',
  'DESCRIBE FUNCTION EXTENDED f',
  'DESCRIBE MODEL m',
  "DESCRIBE JOB 'j'",
  "STOP JOB 'j' WITH SAVEPOINT WITH DRAIN",
  "STOP JOB 'j' WITH SAVEPOINT",
  "STOP JOB 'j'",
]

const CHANGED: readonly (readonly [string, string])[] = [
  ['insert into t (select 1)', 'INSERT INTO t SELECT 1'],
  ['insert into t ((select 1) union (select 2))', 'INSERT INTO t SELECT 1 UNION SELECT 2'],
  ['execute insert into t select 1', 'INSERT INTO t SELECT 1'],
  [
    'begin statement set; insert into a select 1; insert into b select 2; end;',
    'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT INTO b SELECT 2; END',
  ],
  ['update t x set a = 1', 'UPDATE t AS x SET a = 1'],
  ['explain select 1', 'EXPLAIN PLAN FOR SELECT 1'],
  ['explain (plan_advice) select 1', 'EXPLAIN PLAN_ADVICE SELECT 1'],
  ['explain (select 1)', 'EXPLAIN PLAN FOR SELECT 1'],
  [
    'explain execute statement set begin insert into a select 1; end',
    'EXPLAIN PLAN FOR STATEMENT SET BEGIN INSERT INTO a SELECT 1; END',
  ],
  ['desc table t', 'DESCRIBE t'],
  ['exit', 'QUIT'],
  ['show tables in d', 'SHOW TABLES FROM d'],
]

describe('statements', () => {
  test.each(UNCHANGED)('%s', (sql) => {
    expectUnchanged(sql)
  })

  test.each(CHANGED)('%s becomes %s', (sql, expected) => {
    expectCanonical(sql, expected)
  })

  test('every first word is covered above or in the tests of definitions and queries', () => {
    const elsewhere = ['UPSERT', 'CREATE', 'REPLACE', 'ALTER', 'DROP', 'ANALYZE', 'SELECT', 'WITH', 'VALUES', 'TABLE']
    const covered = new Set(
      [...UNCHANGED, ...CHANGED.map(([sql]) => sql)].map((sql) => sql.split(/\W/)[0]?.toUpperCase()),
    )
    expect(STATEMENT_WORDS.filter((word) => !covered.has(word) && !elsewhere.includes(word))).toEqual([])
  })

  test.each([
    'UPSERT INTO t SELECT 1',
    'INSERT INTO t SELECT 1 ON CONFLICT DO UPDATE',
    'EXECUTE STATEMENT SET BEGIN END',
    'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1 END',
    'EXECUTE STATEMENT SET BEGIN SELECT 1; END',
    "STOP JOB 'j' WITH DRAIN",
    'SET a = b',
    "SET 'a'",
    'EXPLAIN CREATE VIEW v AS SELECT 1',
    'SHOW TABLES LIKE a',
    'SHOW JOBS FROM d',
    'SELECT 1; SELECT 2',
    ';',
    '',
  ])('%s is refused', (sql) => {
    expect(() => parseStatement(sql)).toThrowError(expect.objectContaining({ code: 'SYNTAX_ERROR' }))
  })
})
