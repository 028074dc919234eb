/** The independent parser `node-sql-parser` as a witness for plain SELECTs and scalar expressions. */
import fc from 'fast-check'
import nodeSqlParser from 'node-sql-parser'
import { describe, expect, test } from 'vitest'
import type { Expression, Query, TableReference } from './ast.ts'
import { formatExpression, formatQuery } from './format.ts'
import { parseQuery } from './parse.ts'

const witness = new nodeSqlParser.Parser()

/** The witness's tree; its declared types are looser than its output. */
interface WitnessNode {
  readonly [key: string]: unknown
}

const isNode = (value: unknown): value is WitnessNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function nodeOf(value: unknown): WitnessNode {
  if (!isNode(value)) throw new TypeError(`not a node: ${JSON.stringify(value)}`)
  return value
}

const nodesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/**
 * The witness has one grammar per dialect, and each errs somewhere with AND and OR: the one for Flink and most others
 * read `a OR b AND c` as `(a OR b) AND c`, the one for Hive loses a parenthesis inside two. So on conditions it is
 * enough that one of them agrees.
 */
const DIALECTS = ['Hive', 'TransactSQL', 'BigQuery', 'MySQL'] as const

function witnessQuery(sql: string, database: string = DIALECTS[0]): WitnessNode {
  return nodeOf(witness.astify(sql, { database }))
}

/** The shapes of WHERE that the witness's dialects see. */
function witnessConditions(sql: string): readonly string[] {
  return DIALECTS.flatMap((dialect) => {
    try {
      return [witnessShape(witnessQuery(sql, dialect)['where'])]
    } catch {
      return []
    }
  })
}

/** AND and OR chains without inner parentheses: the witness leans some of them to the right. */
function flattened(left: string, operator: string, right: string): string {
  if (operator !== 'AND' && operator !== 'OR') return `(${left} ${operator} ${right})`
  const inner = (text: string): string =>
    text.startsWith(`[${operator} `) ? text.slice(operator.length + 2, -1) : text
  return `[${operator} ${inner(left)}; ${inner(right)}]`
}

/** Both trees as the same fully parenthesized text. */
function witnessShape(value: unknown): string {
  if (value === null || value === undefined) return ''
  const node = nodeOf(value)
  switch (node['type']) {
    case 'binary_expr':
      return flattened(witnessShape(node['left']), String(node['operator']), witnessShape(node['right']))
    case 'unary_expr':
      return `(${String(node['operator'])} ${witnessShape(node['expr'])})`
    case 'column_ref':
      return [node['table'], node['column']].filter((part) => typeof part === 'string').join('.')
    case 'expr_list':
      return nodesOf(node['value']).map(witnessShape).join(', ')
    case 'single_quote_string':
      return `'${String(node['value'])}'`
    case 'null':
      return 'NULL'
    case 'star':
      return '*'
    case 'number':
    case 'bool':
      return String(node['value']).toUpperCase()
    case 'function': {
      const parts = nodesOf(nodeOf(node['name'])['name']).map((part) => String(nodeOf(part)['value']))
      return `${parts.join('.')}(${witnessShape(node['args'])})`
    }
    case 'aggr_func': {
      const arguments_ = nodeOf(node['args'])
      const distinct = arguments_['distinct'] === 'DISTINCT' ? 'DISTINCT ' : ''
      return `${String(node['name'])}(${distinct}${witnessShape(arguments_['expr'])})`
    }
    case 'case': {
      const parts = nodesOf(node['args']).map((part) => {
        const branch = nodeOf(part)
        const result = witnessShape(branch['result'])
        return branch['type'] === 'when' ? `WHEN ${witnessShape(branch['cond'])} THEN ${result}` : `ELSE ${result}`
      })
      return ['CASE', witnessShape(node['expr']), ...parts, 'END'].filter((part) => part !== '').join(' ')
    }
    case 'cast': {
      const target = nodeOf(nodesOf(node['target'])[0])
      return `CAST(${witnessShape(node['expr'])} AS ${String(target['dataType'])})`
    }
    default:
      throw new TypeError(`unexpected node of the witness: ${JSON.stringify(node)}`)
  }
}

function ownShape(e: Expression): string {
  const not = 'negated' in e && e.negated ? 'NOT ' : ''
  switch (e.kind) {
    case 'binary':
      return flattened(ownShape(e.left), e.operator, ownShape(e.right))
    case 'unary':
      return `(${e.operator} ${ownShape(e.operand)})`
    case 'is':
      return `(${ownShape(e.operand)} IS${e.negated ? ' NOT' : ''} ${e.test})`
    case 'between':
      return `(${ownShape(e.operand)} ${not}BETWEEN ${ownShape(e.low)}, ${ownShape(e.high)})`
    case 'in-list':
      return `(${ownShape(e.operand)} ${not}IN ${e.items.map(ownShape).join(', ')})`
    case 'like':
      return `(${ownShape(e.operand)} ${not}LIKE ${ownShape(e.pattern)})`
    case 'call': {
      const items = e.arguments.map((argument) => ownShape(argument as Expression)).join(', ')
      return `${formatExpression({ ...e, arguments: [] }).replace(/\(.*/, '')}(${e.quantifier === undefined ? '' : `${e.quantifier} `}${items})`
    }
    case 'case': {
      const branches = e.branches.map(
        ({ conditions, result }) => `WHEN ${conditions.map(ownShape).join(', ')} THEN ${ownShape(result)}`,
      )
      const parts = [e.operand && ownShape(e.operand), ...branches, e.otherwise && `ELSE ${ownShape(e.otherwise)}`]
      return ['CASE', ...parts, 'END'].filter((part) => part !== undefined).join(' ')
    }
    case 'cast':
      return `CAST(${ownShape(e.operand)} AS ${e.type.kind === 'basic-type' ? e.type.name : ''})`
    default:
      return formatExpression(e)
  }
}

const selectOf = (query: Query) => (query.body.kind === 'select' ? query.body : expect.fail('not a SELECT'))

// ---- random expressions

const column = fc.constantFrom('a', 'b', 'c', 't.x')
const comparison = fc.constantFrom('=', '<>', '<', '<=', '>', '>=')

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    column,
    fc.nat(99).map(String),
    fc.tuple(tie('value'), fc.constantFrom('+', '-', '*', '/', '%'), tie('value')).map((parts) => parts.join(' ')),
    tie('value').map((inner) => `(${inner})`),
    tie('value').map((inner) => `f(${inner}, 1)`),
    fc.tuple(tie('value'), comparison, tie('value')).map((when) => `CASE WHEN ${when.join(' ')} THEN a ELSE b END`),
    tie('value').map((inner) => `CAST(${inner} AS BIGINT)`),
  ),
}))

/** Only names and sums inside: calls and CASE confuse the witness about AND and OR behind them. */
const term = fc.oneof(
  column,
  fc.tuple(column, fc.constantFrom('+', '*'), column).map((parts) => parts.join(' ')),
)
const not = fc.constantFrom('', 'NOT ')
const predicate = fc.oneof(
  fc.tuple(term, comparison, term).map((parts) => parts.join(' ')),
  fc.tuple(term, not, term, term).map(([a, negation, b, c]) => `${a} ${negation}BETWEEN ${b} AND ${c}`),
  fc.tuple(term, not, term).map(([a, negation, b]) => `${a} ${negation}IN (${b}, 1)`),
  fc.tuple(term, not).map(([a, negation]) => `${a} IS ${negation}NULL`),
  fc.tuple(column, not).map(([a, negation]) => `${a} ${negation}LIKE 'x%'`),
)
const negated = fc.tuple(not, predicate).map((parts) => parts.join(''))
const chain = (operator: string, part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(` ${operator} `))
const group = (operator: string): fc.Arbitrary<string> => chain(operator, negated).map((inner) => `(${inner})`)
/** Two levels of AND and OR with parentheses; deeper ones and mixed rows confuse the witness now and then. */
const condition = fc.oneof(chain('AND', fc.oneof(negated, group('OR'))), chain('OR', fc.oneof(negated, group('AND'))))

describe('the witness agrees', () => {
  test('on the structure of random values', () => {
    fc.assert(
      fc.property(value, (text) => {
        const sql = `SELECT ${text} FROM t`
        const query = parseQuery(sql)
        const expected = selectOf(query).items.map(({ expression }) => ownShape(expression))
        for (const form of [sql, formatQuery(query)]) {
          const columns = nodesOf(witnessQuery(form)['columns'])
          expect(columns.map((item) => witnessShape(nodeOf(item)['expr']))).toEqual(expected)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('on the structure of random conditions', () => {
    fc.assert(
      fc.property(condition, (text) => {
        const sql = `SELECT a FROM t WHERE ${text}`
        const { where } = selectOf(parseQuery(sql))
        expect(witnessConditions(sql)).toContain(where && ownShape(where))
      }),
      { numRuns: 200 },
    )
  })

  test('and on what the formatter prints', () => {
    fc.assert(
      fc.property(condition, (text) => {
        const query = parseQuery(`SELECT a FROM t WHERE ${text}`)
        const { where } = selectOf(query)
        const formatted = formatQuery(query)
        fc.pre(!formatted.includes('NOT ('))
        expect(witnessConditions(formatted)).toContain(where && ownShape(where))
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    'SELECT a + b AS x, t.c, COUNT(DISTINCT d), SUM(e) FROM t',
    'SELECT t.a FROM t AS t LEFT JOIN u AS v ON t.a = v.b AND t.c > 1 WHERE t.a IN (1, 2)',
    'SELECT a FROM t INNER JOIN u ON t.a = u.b CROSS JOIN w',
    'SELECT a, COUNT(*) AS n FROM t GROUP BY a, b HAVING COUNT(*) > 1 ORDER BY n DESC, a LIMIT 10',
    'SELECT a FROM t WHERE a = 1 OR b = 2 AND c = 3',
    'SELECT a FROM t WHERE a = 1 AND b = 2 OR c = 3 AND NOT d = 4',
    'SELECT a FROM t WHERE NOT a = 1 OR b BETWEEN 1 AND 2 AND c IS NULL',
    "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END AS z FROM t WHERE NOT a = 1 AND b OR c",
  ])('on the parts of %s', (sql) => {
    const query = parseQuery(sql)
    const select = selectOf(query)
    const other = witnessQuery(sql)
    expect(select.items.map(({ expression, alias }) => [ownShape(expression), alias?.name ?? null])).toEqual(
      nodesOf(other['columns']).map((item) => [witnessShape(nodeOf(item)['expr']), nodeOf(item)['as']]),
    )
    expect(select.from && tables(select.from)).toEqual(nodesOf(other['from']).map(witnessTable))
    expect(select.where ? ownShape(select.where) : '').toBe(witnessShape(other['where']))
    const groups = select.groupBy?.items.flatMap((item) => ('expressions' in item ? item.expressions : []))
    const otherGroups = isNode(other['groupby']) ? nodesOf(other['groupby']['columns']) : undefined
    expect(groups?.map(ownShape)).toEqual(otherGroups?.map(witnessShape))
    expect(select.having ? ownShape(select.having) : '').toBe(witnessShape(other['having']))
    expect(query.orderBy.map(({ expression, direction }) => [ownShape(expression), direction ?? 'ASC'])).toEqual(
      nodesOf(other['orderby']).map((item) => [witnessShape(nodeOf(item)['expr']), nodeOf(item)['type'] ?? 'ASC']),
    )
    const limit = isNode(other['limit']) ? nodesOf(other['limit']['value']).map(witnessShape) : []
    expect(query.limit === undefined ? [] : [ownShape(query.limit)]).toEqual(limit)
  })
})

/** `[join, table, alias, condition]` from left to right. */
function tables(table: TableReference): readonly string[][] {
  if (table.kind === 'table')
    return [['', table.name.parts.map(({ name }) => name).join('.'), table.alias?.name.name ?? '', '']]
  if (table.kind !== 'join') return expect.fail(`a ${table.kind}`)
  const [right] = tables(table.right)
  const on = table.condition?.kind === 'join-on' ? ownShape(table.condition.condition) : ''
  return [...tables(table.left), [`${table.type} JOIN`, right?.[1] ?? '', right?.[2] ?? '', on]]
}

function witnessTable(value: unknown): string[] {
  const node = nodeOf(value)
  const text = (part: unknown): string => (typeof part === 'string' ? part : '')
  return [text(node['join']), text(node['table']), text(node['as']), witnessShape(node['on'])]
}
