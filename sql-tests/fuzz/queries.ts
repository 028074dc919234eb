/** Random tables and queries over them, in SQL that Flink and DuckDB read alike. */
import { integer, oneOf, type Random } from '../random.ts'
import { randomJoin } from './joins.ts'
import { randomOrdered, randomOver } from './ordered.ts'

const AGGREGATES = [
  'COUNT(*)',
  'COUNT(v)',
  'SUM(v)',
  'MIN(v)',
  'MAX(v)',
  'MIN(s)',
  'MAX(s)',
  'COUNT(DISTINCT v)',
  'SUM(DISTINCT v)',
  'COUNT(DISTINCT s)',
  'SUM(d)',
  'MAX(d)',
  'COUNT(*) FILTER (WHERE b)',
  'SUM(v) FILTER (WHERE b)',
  'COUNT(DISTINCT s) FILTER (WHERE b)',
  'STDDEV_POP(CAST(v AS DOUBLE))',
  'AVG(CAST(v AS DOUBLE))',
  'MIN(b)',
] as const

const SCALARS = [
  'v * 2 + 1',
  'UPPER(s)',
  "COALESCE(s, 'none')",
  "CASE WHEN v > 0 THEN 'pos' WHEN v IS NULL THEN 'null' ELSE 'neg' END",
  'CHAR_LENGTH(s)',
  'd + 1.5',
  "s || '-' || s",
  'SUBSTRING(s, 1, 1)',
  'v IS NULL OR b',
  'ABS(v)',
  'NULLIF(k, 1)',
  'CAST(v AS DOUBLE) / 4',
] as const

const CONDITIONS = [
  'v > 0',
  'b',
  'NOT b',
  's IS NOT NULL AND v < 10',
  'k IN (1, 2)',
  "s LIKE 'a%' OR d > 500",
  'v BETWEEN -5 AND 5',
] as const

const GROUPINGS = [
  'ROLLUP (k, s)',
  'CUBE (k, s)',
  'k, ROLLUP (s)',
  'GROUPING SETS ((k, s), (s))',
  'GROUPING SETS ((k), (s), ())',
  'GROUPING SETS (k, CUBE (k, s))',
] as const

/** Aggregates over columns that are keys as well. */
const OVERLAPPING = ['CUBE (k, b, v)', 'ROLLUP ((k, b), v)', 'GROUPING SETS ((k, v), (b), (v, b), ())'] as const

/** A VALUES clause `t(k, v, s, b, d)`. */
function table(random: Random, name = 't'): string {
  const sometimes = (chance: number, text: string): string => (random() < chance ? 'NULL' : text)
  const rows = Array.from({ length: integer(random, 1, 60) }, () => {
    const cells = [
      String(integer(random, 0, 3)),
      `CAST(${sometimes(0.15, String(integer(random, -20, 20)))} AS BIGINT)`,
      `CAST(${sometimes(0.15, `'${oneOf(random, ['a', 'b', 'c', 'd'])}${integer(random, 0, 2)}'`)} AS VARCHAR(20))`,
      `CAST(${sometimes(0.3, random() < 0.5 ? 'TRUE' : 'FALSE')} AS BOOLEAN)`,
      `CAST(${integer(random, 0, 999)}.${integer(random, 10, 99)} AS DECIMAL(10, 2))`,
    ]
    return `(${cells.join(', ')})`
  })
  return `(VALUES ${rows.join(', ')}) AS ${name}(k, v, s, b, d)`
}

/**
 * Aggregates, joins, Top-N and OVER.
 *
 * @param batch with what streams do not have
 */
export function randomQuery(random: Random, batch: boolean): string {
  const tableAs = (name: string): string => table(random, name)
  switch (integer(random, 0, 9)) {
    case 0:
    case 1:
    case 2:
      return randomJoin(random, tableAs)
    case 3:
    case 4:
      return randomOrdered(random, tableAs)
    case 5:
      return randomOver(random, tableAs, batch)
    default:
      return randomAggregate(random)
  }
}

function randomAggregate(random: Random): string {
  const from = table(random)
  const some = (items: readonly string[]): string =>
    Array.from({ length: integer(random, 1, 4) }, (_, index) => `${oneOf(random, items)} AS a${index}`).join(', ')
  switch (integer(random, 0, 9)) {
    case 0:
      return `SELECT k, ${some(AGGREGATES)} FROM ${from} GROUP BY k`
    case 1:
      return `SELECT ${some(AGGREGATES)} FROM ${from}`
    case 2:
      return `SELECT k, s, ${some(AGGREGATES)} FROM ${from} GROUP BY k, s HAVING COUNT(*) > 1`
    case 3:
      return `SELECT DISTINCT k, b FROM ${from}`
    case 4:
      return `SELECT c, COUNT(*) AS n, MIN(m) AS mm, MAX(m) AS mx, COUNT(DISTINCT m) AS dm FROM (SELECT s, COUNT(*) AS c, MAX(v) AS m FROM ${from} GROUP BY s) AS g GROUP BY c`
    case 5:
      return `SELECT m, SUM(c) AS sc, MAX(x) AS mx FROM (SELECT k, s, COUNT(*) AS c, MIN(v) AS m, SUM(d) AS x FROM ${from} GROUP BY k, s) AS g WHERE c > 1 GROUP BY m`
    case 6:
      return `SELECT k, ${some(AGGREGATES)} FROM ${from} WHERE ${oneOf(random, CONDITIONS)} GROUP BY k`
    case 7:
      return `SELECT k, s, GROUPING(k) AS gk, GROUPING(s) AS gs, ${some(AGGREGATES)} FROM ${from} GROUP BY ${oneOf(random, GROUPINGS)}`
    case 8:
      return `SELECT k, b, v, COUNT(*) AS n, SUM(v) AS sv, COUNT(v) AS cv FROM ${from} GROUP BY ${oneOf(random, OVERLAPPING)}`
    default:
      return `SELECT k, ${some(SCALARS)} FROM ${from} WHERE ${oneOf(random, CONDITIONS)}`
  }
}
