/** Random Top-N, ORDER BY … LIMIT and OVER, in SQL that Flink and DuckDB read alike. */
import { integer, oneOf, type Random } from '../random.ts'

type Columns = readonly string[]

interface Item {
  readonly text: string
  readonly columns: Columns
}

const RANGES = [
  'rn = 1',
  'rn = 1',
  'rn <= 3',
  'rn < 3',
  'rn BETWEEN 2 AND 4',
  'rn > 1 AND rn <= 5',
  'rn = 2',
  '3 >= rn AND k > 0',
] as const

const AGGREGATES = [
  'SUM(v)',
  'COUNT(*)',
  'COUNT(v)',
  'MIN(v)',
  'MAX(v)',
  'MAX(s)',
  'MIN(s)',
  'AVG(CAST(v AS DOUBLE))',
] as const

const ROWS = [
  'ROWS BETWEEN 2 PRECEDING AND CURRENT ROW',
  'ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
  'ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING',
  'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
  'ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING',
  'ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING',
] as const

const RANGE = [
  '',
  'RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
  'RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
  'RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
  'RANGE BETWEEN 5 PRECEDING AND CURRENT ROW',
  'RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING',
  'RANGE BETWEEN 7 PRECEDING AND 3 PRECEDING',
] as const

const RANKS = ['RANK()', 'DENSE_RANK()', 'PERCENT_RANK()', 'CUME_DIST()'] as const

const SHIFTS = [
  'LAG(v)',
  'LEAD(v)',
  'LAG(s, 2)',
  "LEAD(s, 1, 'none')",
  'FIRST_VALUE(k)',
  'ROW_NUMBER()',
  'NTILE(3)',
] as const

/** A table, or what an aggregate makes of one, which changes while it is read. */
function item(random: Random, table: (name: string) => string): Item {
  if (random() < 0.4) return { text: table('t'), columns: ['k', 'v', 's', 'b', 'd'] }
  const filter = random() < 0.3 ? ' HAVING COUNT(*) < 3' : ''
  const [key, rest] = oneOf(random, [
    ['k, s', 'SUM(v) AS v'],
    ['k, s', 'COUNT(*) AS v'],
    ['s', 'MIN(k) AS k, MAX(v) AS v'],
    ['k, v', 'MAX(s) AS s'],
    ['k', 'COUNT(*) AS v, MIN(s) AS s'],
  ] as const)
  return { text: `(SELECT ${key}, ${rest} FROM ${table('x')} GROUP BY ${key}${filter}) AS t`, columns: ['k', 'v', 's'] }
}

/** All of the columns in random order: rows that are equal in it are equal. */
function totalOrder(random: Random, columns: Columns): string {
  const left = [...columns]
  const keys: string[] = []
  while (left.length > 0) {
    const [column = ''] = left.splice(integer(random, 0, left.length - 1), 1)
    keys.push(key(random, column))
  }
  return keys.join(', ')
}

function key(random: Random, column: string, directions = ['ASC', 'DESC']): string {
  return `${column} ${oneOf(random, directions)} NULLS ${oneOf(random, ['FIRST', 'LAST'])}`
}

function partition(random: Random): string {
  const by = oneOf(random, ['k', 's', 'k, s', ''])
  return by === '' ? '' : `PARTITION BY ${by} `
}

function topN(random: Random, { text, columns: all }: Item): Item {
  const columns = all.filter((column) => column !== 'n')
  const number = `ROW_NUMBER() OVER (${partition(random)}ORDER BY ${totalOrder(random, columns)})`
  const output = random() < 0.5
  return {
    text: `(SELECT ${columns.join(', ')}${output ? ', rn AS n' : ''} FROM (SELECT ${columns.join(', ')}, ${number} AS rn FROM ${text}) AS r WHERE ${oneOf(random, RANGES)}) AS t`,
    columns: output ? [...columns, 'n'] : columns,
  }
}

function limit(random: Random): string {
  return `LIMIT ${integer(random, 1, 12)}${random() < 0.3 ? ` OFFSET ${integer(random, 1, 4)}` : ''}`
}

/** @param table a VALUES clause under a name, with columns k, v, s, b and d */
export function randomOrdered(random: Random, table: (name: string) => string): string {
  const from = item(random, table)
  const columns = from.columns.join(', ')
  switch (integer(random, 0, 6)) {
    case 0:
    case 1: {
      const top = topN(random, from)
      return `SELECT ${top.columns.join(', ')} FROM ${top.text}`
    }
    case 2: {
      const top = topN(random, topN(random, from))
      return `SELECT ${top.columns.slice(1).join(', ')} FROM ${top.text}`
    }
    case 3:
      return `SELECT k, COUNT(*) AS c, SUM(v) AS sv, MIN(s) AS ms FROM ${topN(random, from).text} GROUP BY k`
    case 4:
      return `SELECT ${columns} FROM ${from.text} ORDER BY ${totalOrder(random, from.columns)} ${limit(random)}`
    case 5: {
      const inner = `SELECT ${columns} FROM ${from.text} ORDER BY ${totalOrder(random, from.columns)} ${limit(random)}`
      return `SELECT s, SUM(v) AS sv, COUNT(*) AS c FROM (${inner}) AS l GROUP BY s`
    }
    default:
      return `SELECT g, COUNT(*) AS c FROM (SELECT 1 AS g FROM (SELECT * FROM ${from.text} LIMIT ${integer(random, 1, 30)}) AS l) AS m GROUP BY g`
  }
}

/** OVER with the frames and functions that batch mode alone has, and those of streams. */
export function randomOver(random: Random, table: (name: string) => string, batch: boolean): string {
  const from = item(random, table)
  const columns = from.columns.join(', ')
  const over = partition(random)
  const directions = batch ? ['ASC', 'DESC'] : ['ASC']
  const some = (functions: readonly string[], window: string): string =>
    Array.from(
      { length: integer(random, 1, 3) },
      (_, at) => `${oneOf(random, functions)} OVER ${window} AS a${at}`,
    ).join(', ')
  switch (integer(random, 0, batch ? 3 : 1)) {
    case 0: {
      const frame = batch ? oneOf(random, RANGE.slice(0, 4)) : oneOf(random, RANGE.slice(0, 2))
      return `SELECT ${columns}, ${some(AGGREGATES, `(${over}ORDER BY ${key(random, oneOf(random, ['v', 's', 'k']), directions)} ${frame})`)} FROM ${from.text}`
    }
    case 1: {
      if (!batch) {
        const window = `(${over}ORDER BY ${key(random, 'v', directions)} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`
        return `SELECT v, COUNT(*) OVER ${window} AS n, SUM(v) OVER ${window} AS sv FROM ${from.text}`
      }
      return `SELECT ${columns}, ${some(AGGREGATES, `(${over}ORDER BY ${totalOrder(random, from.columns)} ${oneOf(random, ROWS)})`)} FROM ${from.text}`
    }
    case 2:
      return `SELECT ${columns}, ${some(SHIFTS, `(${over}ORDER BY ${totalOrder(random, from.columns)})`)}, ${some(RANKS, `(${over}ORDER BY v ASC NULLS FIRST)`).replaceAll(' AS a', ' AS r')} FROM ${from.text}`
    default:
      return `SELECT ${columns}, ${some(AGGREGATES, `(${over}ORDER BY ${key(random, 'v')} ${oneOf(random, RANGE)})`)} FROM ${from.text}`
  }
}
