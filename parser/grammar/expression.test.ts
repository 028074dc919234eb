import { describe, expect, test } from 'vitest'
import { formatExpression } from '../format.ts'
import { parseExpression } from '../parse.ts'
import { expectSpans, withoutSpans } from '../testing/round-trip.ts'

function canonical(sql: string): string {
  const expression = parseExpression(sql)
  expectSpans(sql, expression)
  const text = formatExpression(expression)
  expect(withoutSpans(parseExpression(text)), text).toEqual(withoutSpans(expression))
  return text.replace(/\s+/g, ' ')
}

/** Text that is canonical already. */
const UNCHANGED = [
  // literals
  '1',
  '.5',
  '1.',
  '1.50',
  '1E-3',
  "'it''s'",
  "''",
  "X'45F0AB'",
  'TRUE',
  'FALSE',
  'UNKNOWN',
  'NULL',
  "DATE '2020-01-01'",
  "TIME '10:11:12'",
  "TIMESTAMP '2020-01-01 00:00:00.123'",
  "INTERVAL '5' DAY",
  "INTERVAL -'5' DAY(3)",
  "INTERVAL '1.5' SECOND(3, 6)",
  "INTERVAL '10 00:00:00.004' DAY TO SECOND(3)",
  "INTERVAL '2-10' YEAR TO MONTH",
  'CURRENT_TIMESTAMP',
  'LOCALTIMESTAMP(3)',
  'CURRENT_CATALOG',
  // names and access
  'a',
  'a.b.c',
  '`order`.`a b`.`x``y`',
  'Ünïcode',
  'a[1]',
  'a.b[1].c[2].d',
  "m['k'].f",
  '(a).b',
  '(map)[1]',
  'f(x).y',
  '(a + b)[1]',
  // operators
  'a + b - c * d / e % f',
  'a - (b - c)',
  '(a + b) * c',
  "a || 'x' || b",
  '-a * +b',
  '- -1',
  '-(a + b)',
  'NOT a AND NOT b OR c',
  'NOT (a OR b)',
  '(NOT a) = b',
  'a AND (b AND c)',
  'a = b',
  'a <> b AND c <= d AND e >= f AND g < h AND i > j',
  'a IS NULL',
  'a IS NOT NULL OR b IS TRUE OR c IS NOT FALSE OR d IS UNKNOWN',
  '(a IS NULL) = b',
  'a = b IS NULL',
  'a IS DISTINCT FROM b',
  'a IS NOT DISTINCT FROM b + 1',
  'a IS JSON VALUE',
  'a IS NOT JSON OBJECT',
  'a IS JSON ARRAY',
  'a IS JSON SCALAR',
  'a BETWEEN 1 AND 2 AND b',
  'a NOT BETWEEN SYMMETRIC b + 1 AND c',
  'a BETWEEN (b AND c) AND d',
  'a IN (1, 2)',
  'a NOT IN (1)',
  '(a, b) IN ((1, 2), (3, 4))',
  "a LIKE 'x%'",
  "a NOT LIKE 'x!_' ESCAPE '!'",
  "a ILIKE 'x' AND b RLIKE 'y'",
  "a SIMILAR TO '(a|b)%' ESCAPE '\\'",
  '(a, b) OVERLAPS (c, d)',
  '(a - b) DAY TO SECOND(3)',
  '(a - b - (c - d)) YEAR',
  'a > ALL (SELECT b FROM t)',
  'a = ANY (1, 2)',
  'a IN (SELECT b FROM t)',
  'EXISTS (SELECT 1 FROM t)',
  '(SELECT MAX(a) FROM t) + 1',
  // forms of their own
  'CASE WHEN a THEN 1 ELSE 2 END',
  "CASE x WHEN 1, 2 THEN 'low' WHEN 3 THEN 'mid' END",
  'CAST(a AS DECIMAL(10, 2))',
  'TRY_CAST(a AS ROW<x INT NOT NULL>)',
  'EXTRACT(EPOCH FROM ts)',
  'FLOOR(ts TO HOUR)',
  'CEIL(ts TO DAY)',
  'FLOOR(x)',
  "POSITION('a' IN s)",
  "POSITION('a' IN s FROM 2)",
  'TRIM(s)',
  "TRIM(BOTH 'x' FROM s)",
  'TRIM(LEADING FROM s)',
  'SUBSTRING(s FROM 2 FOR 3)',
  'SUBSTRING(s FROM 2)',
  'SUBSTR(s, 2)',
  "OVERLAY(s PLACING 'x' FROM 1 FOR 2)",
  "JSON_EXISTS(j, '$.a' TRUE ON ERROR)",
  "JSON_VALUE(j, '$.a' RETURNING INT DEFAULT 0 ON EMPTY NULL ON ERROR)",
  "JSON_QUERY(j, '$.a' RETURNING ARRAY<STRING> WITH CONDITIONAL ARRAY WRAPPER EMPTY ARRAY ON EMPTY ERROR ON ERROR)",
  "JSON_QUERY(j, '$' WITHOUT ARRAY WRAPPER EMPTY OBJECT ON ERROR)",
  "JSON_OBJECT(KEY 'a' VALUE b FORMAT JSON, KEY 'c' VALUE d ABSENT ON NULL)",
  'JSON_OBJECT()',
  'JSON_ARRAY(1, j FORMAT JSON NULL ON NULL)',
  'JSON_ARRAY()',
  'JSON_OBJECTAGG(KEY k VALUE v NULL ON NULL) FILTER (WHERE a)',
  'JSON_ARRAYAGG(v ORDER BY k ABSENT ON NULL)',
  "JSON_LENGTH(j, '$')",
  // calls
  'f()',
  'COUNT(*)',
  'COUNT(t.*)',
  'COUNT(DISTINCT a, b)',
  'SUM(ALL a)',
  '`my func`(a)',
  'cat.db.f(a)',
  'LEFT(s, 2)',
  'YEAR(ts)',
  'IF(a > b, a, b)',
  'TIMESTAMPADD(WEEK, 1, ts)',
  'TIMESTAMPDIFF(DAY, a, b)',
  'ARRAY_AGG(a ORDER BY b DESC NULLS LAST, c)',
  'LISTAGG(a) WITHIN GROUP (ORDER BY b ASC NULLS FIRST)',
  'SUM(a) FILTER (WHERE b > 1)',
  'LAST_VALUE(a) IGNORE NULLS OVER (PARTITION BY b ORDER BY c)',
  'FIRST_VALUE(a) RESPECT NULLS OVER w',
  "SUM(a) OVER (w ORDER BY b RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)",
  'SUM(a) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)',
  'SUM(a) OVER (ORDER BY b ROWS 10 PRECEDING)',
  'SUM(a) OVER (ORDER BY b ROWS BETWEEN CURRENT ROW AND x + 1 FOLLOWING)',
  'FINAL LAST(a.b, 1)',
  'RUNNING f(a)',
  'f(a => 1, b => DEFAULT, c => DESCRIPTOR(x, y), d => TABLE t PARTITION BY k)',
  'f(TABLE t PARTITION BY (a, b) ORDER BY (c DESC), MODEL cat.m, DESCRIPTOR(x))',
  'f(TABLE (SELECT a FROM t) PARTITION BY (a + 1))',
  'f((SELECT 1))',
  // values of several parts
  'ROW(1, a AS x)',
  'ROW()',
  "(1, 'x')",
  'ARRAY[1, 2]',
  'ARRAY[]',
  'MULTISET[1]',
  "MAP['k', 1, 'l', 2]",
  'map(a)',
]

/** Text and its canonical form. */
const CHANGED: readonly (readonly [string, string])[] = [
  ['((a))', 'a'],
  ['a != b', 'a <> b'],
  ["U&'\\263A'", "'☺'"],
  ["U&'!263A!!' UESCAPE '!'", "'☺!'"],
  ["_UTF16'a'", "'a'"],
  ["N'a'", "'a'"],
  ["'a'\n'b'", "'ab'"],
  ["x'ab'", "X'AB'"],
  ["INTERVAL '1' SECONDS", "INTERVAL '1' SECOND"],
  ["INTERVAL +'1' weeks", "INTERVAL '1' WEEK"],
  ['count ( * )', 'count(*)'],
  ['a is json', 'a IS JSON VALUE'],
  ['a between asymmetric 1 and 2', 'a BETWEEN 1 AND 2'],
  ['a = some (1)', 'a = ANY (1)'],
  ['exists ((select 1))', 'EXISTS (SELECT 1)'],
  ['trim(both from s)', 'TRIM(s)'],
  ["trim('x' from s)", "TRIM(BOTH 'x' FROM s)"],
  ['substring(s, 1, 2)', 'SUBSTRING(s FROM 1 FOR 2)'],
  ['ceiling(ts to day)', 'CEIL(ts TO DAY)'],
  ['timestampadd(sql_tsi_day, 1, ts)', 'timestampadd(DAY, 1, ts)'],
  ['current_timestamp()', 'CURRENT_TIMESTAMP'],
  ["json_object('a' value 1, 'b' : 2)", "JSON_OBJECT(KEY 'a' VALUE 1, KEY 'b' VALUE 2)"],
  ["json_query(j, '$' with wrapper)", "JSON_QUERY(j, '$' WITH UNCONDITIONAL ARRAY WRAPPER)"],
  ['sum(a) over(w)', 'sum(a) OVER (w)'],
  ['f((select 1) partition by a)', 'f(TABLE (SELECT 1) PARTITION BY a)'],
  ['f(table t partition by (a))', 'f(TABLE t PARTITION BY a)'],
  ['a -- comment\n + /* another */ b', 'a + b'],
  ['a // comment\n + b', 'a + b'],
]

describe('expressions', () => {
  test.each(UNCHANGED)('%s', (sql) => {
    expect(canonical(sql)).toBe(sql)
  })

  test.each(CHANGED)('%s becomes %s', (sql, expected) => {
    expect(canonical(sql)).toBe(expected)
  })

  test('a set operation needs its own parentheses inside an expression', () => {
    expect(canonical('((select 1) union select 2)')).toBe('(SELECT 1 UNION SELECT 2)')
    expect(canonical('a in ((select 1) union all (select 2))')).toBe('a IN (SELECT 1 UNION ALL SELECT 2)')
    expect(canonical('a in ((select 1))')).toBe('a IN ((SELECT 1))')
  })
})

/** Fully parenthesized: every binary and unary operator with its operands. */
function shape(sql: string): string {
  const print = (node: ReturnType<typeof parseExpression>): string => {
    switch (node.kind) {
      case 'binary':
        return `(${print(node.left)} ${node.operator} ${print(node.right)})`
      case 'unary':
        return `(${node.operator} ${print(node.operand)})`
      case 'is':
        return `(${print(node.operand)} IS ${node.test})`
      case 'like':
        return `(${print(node.operand)} LIKE ${print(node.pattern)})`
      case 'between':
        return `(${print(node.operand)} BETWEEN ${print(node.low)}, ${print(node.high)})`
      default:
        return formatExpression(node)
    }
  }
  return print(parseExpression(sql))
}

describe('precedence', () => {
  test.each([
    ['a OR b AND c', '(a OR (b AND c))'],
    ['NOT a = b', '(NOT (a = b))'],
    ['NOT a AND b', '((NOT a) AND b)'],
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['a + b || c', '(a + (b || c))'],
    ['-a + b', '((- a) + b)'],
    ['-a[1]', '(- a[1])'],
    ['a = b = c', '((a = b) = c)'],
    ['a = b IS NULL', '((a = b) IS NULL)'],
    ['a < b + 1 AND c', '((a < (b + 1)) AND c)'],
    ['a LIKE b || c', '(a LIKE (b || c))'],
    ['a = b LIKE c', '(a = (b LIKE c))'],
    ['a BETWEEN b AND c AND d', '((a BETWEEN b, c) AND d)'],
    ['a BETWEEN b + 1 AND c OR d', '((a BETWEEN (b + 1), c) OR d)'],
    ['NOT NOT a', '(NOT (NOT a))'],
  ])('%s is %s', (sql, expected) => {
    expect(shape(sql)).toBe(expected)
  })
})
