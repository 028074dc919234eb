/** Random joins, subqueries and set operations, in SQL that Flink and DuckDB read alike. */
import { integer, oneOf, type Random } from '../random.ts'

const JOINS = ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'] as const

/** DuckDB has outer joins only where one of the conditions is an equality. */
const CONDITIONS = [
  't.k = u.k',
  't.k = u.k AND t.s = u.s',
  't.v = u.v',
  't.k = u.k AND t.v < u.v',
  't.s = u.s AND t.k + 1 = u.k',
  't.k = u.k AND t.v > 0',
  't.k = u.k AND u.s IS NOT NULL',
  't.s = u.s AND (t.v > u.v OR t.k = 1)',
] as const

const FILTERS = [
  '',
  '',
  ' WHERE t.v > 0',
  ' WHERE u.s IS NOT NULL',
  ' WHERE u.v IS NULL',
  ' WHERE t.v + u.v > 3',
  " WHERE t.s LIKE 'a%' OR u.k = 2",
  ' WHERE t.k = 1 AND u.v < 10',
] as const

const PREDICATES = [
  't.k IN (SELECT u.k FROM $u)',
  't.v NOT IN (SELECT u.v FROM $u)',
  't.v NOT IN (SELECT u.v FROM $u WHERE u.v IS NOT NULL)',
  't.v IN (SELECT u.v FROM $u WHERE u.k = t.k)',
  't.v NOT IN (SELECT u.v FROM $u WHERE u.k = t.k)',
  'EXISTS (SELECT * FROM $u WHERE u.k = t.k AND u.s <> t.s)',
  'NOT EXISTS (SELECT * FROM $u WHERE u.s = t.s)',
  'NOT EXISTS (SELECT * FROM $u WHERE u.v > t.v)',
  't.v > (SELECT MIN(u.v) FROM $u)',
  't.v >= (SELECT AVG(CAST(u.v AS DOUBLE)) FROM $u WHERE u.k = t.k)',
  't.k < (SELECT COUNT(*) FROM $u WHERE u.s = t.s)',
  't.v > ALL (SELECT u.v FROM $u WHERE u.k = 1)',
  't.v < ANY (SELECT u.v FROM $u)',
  't.v > 5 OR t.k IN (SELECT u.k FROM $u)',
  '(t.k, t.s) IN (SELECT u.k, u.s FROM $u)',
  'EXISTS (SELECT 1 FROM $u WHERE u.k = t.k OR u.v = t.v)',
] as const

const VALUES = [
  '(SELECT MAX(u.v) FROM $u)',
  '(SELECT MAX(u.s) FROM $u WHERE u.k = t.k)',
  '(SELECT COUNT(*) FROM $u WHERE u.v < t.v)',
  '(SELECT SUM(u.v) + COUNT(*) FROM $u WHERE u.k = t.k)',
  't.v IN (SELECT u.v FROM $u)',
  't.v NOT IN (SELECT u.v FROM $u)',
  'EXISTS (SELECT * FROM $u WHERE u.s = t.s)',
  't.v > ALL (SELECT u.v FROM $u)',
] as const

/** A table, or what an aggregate makes of one, which changes while it is read. */
function item(random: Random, name: string, table: (name: string) => string): string {
  if (random() < 0.5) return table(name)
  const key = oneOf(random, ['k, s', 's', 'k'])
  const rest = key === 'k' ? 'MAX(s) AS s' : key === 's' ? 'MIN(k) AS k' : 'COUNT(*) AS n'
  return `(SELECT ${key}, ${rest}, SUM(v) AS v FROM ${table('x')} GROUP BY ${key}) AS ${name}`
}

/** @param table a VALUES clause under a name, with columns k, v, s, b and d */
export function randomJoin(random: Random, table: (name: string) => string): string {
  const t = item(random, 't', table)
  const u = item(random, 'u', table)
  const from = (template: string): string => template.replaceAll('$u', u)
  switch (integer(random, 0, 7)) {
    case 0:
    case 1:
      return `SELECT t.k, t.v, t.s, u.k, u.v, u.s FROM ${t} ${oneOf(random, JOINS)} ${u} ON ${oneOf(random, CONDITIONS)}${oneOf(random, FILTERS)}`
    case 2:
      return `SELECT t.s, COUNT(*), COUNT(u.v), SUM(u.v), MIN(u.s) FROM ${t} ${oneOf(random, JOINS)} ${u} ON ${oneOf(random, CONDITIONS)}${oneOf(random, FILTERS)} GROUP BY t.s`
    case 3:
      return `SELECT t.k, u.v, w.s FROM ${t} ${oneOf(random, JOINS)} ${u} ON ${oneOf(random, CONDITIONS)} ${oneOf(random, JOINS)} ${item(random, 'w', table)} ON w.k = u.k AND w.s = t.s`
    case 4:
      return `SELECT t.k, t.v, t.s FROM ${t} WHERE ${from(oneOf(random, PREDICATES))}`
    case 5:
      return `SELECT t.k, t.v, ${from(oneOf(random, VALUES))} AS x FROM ${t}`
    case 6: {
      const operator = `${oneOf(random, ['UNION', 'INTERSECT', 'EXCEPT'])}${oneOf(random, ['', ' ALL'])}`
      const columns = oneOf(random, ['k', 's', 'k, s', 'v'])
      return `SELECT ${columns} FROM ${t} ${operator} SELECT ${columns} FROM ${u}`
    }
    default:
      return `SELECT t.k, COUNT(*) AS n FROM ${t}, ${u} WHERE t.v < u.v GROUP BY t.k`
  }
}
