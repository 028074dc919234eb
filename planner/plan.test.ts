import { describe, expect, test } from 'vitest'
import { typeToString } from '../core/types.ts'
import { formatQuery } from '../parser/format.ts'
import { parseQuery, parseStatement } from '../parser/parse.ts'
import { resolveTable } from './bind/table.ts'
import type { OperatorGraph, OperatorNode } from './physical/graph.ts'
import { checkStatement, explainStatement, type PlannableStatement, planStatement, qualifyQuery } from './plan.ts'
import { createTestPlanner, type TestPlanner } from './test-support.ts'

const TABLES = [
  `CREATE TABLE clicks (k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
   WITH ('connector' = 'append', 'scan.watermark.emit.strategy' = 'on-event', 'scan.watermark.idle-timeout' = '10 s')`,
  `CREATE TABLE counts (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'upsert')`,
  `CREATE TABLE log (k STRING, v BIGINT) WITH ('connector' = 'append')`,
]

function plan(sql: string, planner: TestPlanner = createTestPlanner(TABLES)): OperatorGraph {
  return planStatement(parseStatement(sql) as PlannableStatement, sql, planner.context)
}

function only<K extends OperatorNode['kind']>(graph: OperatorGraph, kind: K): Extract<OperatorNode, { kind: K }> {
  const found = graph.nodes.filter((node) => node.kind === kind)
  expect(found).toHaveLength(1)
  return found[0] as Extract<OperatorNode, { kind: K }>
}

describe('the graph', () => {
  const count = 'INSERT INTO counts SELECT k, COUNT(*) FROM clicks GROUP BY k'

  test('is plain JSON, with inputs before consumers', () => {
    const graph = plan(count)
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph)
    for (const node of graph.nodes) for (const input of node.inputs) expect(input).toBeLessThan(node.id)
    expect(graph.nodes.map((node) => node.id)).toEqual(graph.nodes.map((_, index) => index))
  })

  test('has a fingerprint of what holds state', () => {
    const { fingerprint } = plan(count)
    expect(plan(count).fingerprint).toBe(fingerprint)
    expect(plan('INSERT INTO counts SELECT k, COUNT(*) FROM clicks WHERE v > 1 GROUP BY k').fingerprint).toBe(
      fingerprint,
    )
    expect(plan('INSERT INTO counts SELECT k, SUM(v) FROM clicks GROUP BY k').fingerprint).not.toBe(fingerprint)
    expect(plan('INSERT INTO counts SELECT UPPER(k), COUNT(*) FROM clicks GROUP BY UPPER(k)').fingerprint).toBe(
      fingerprint,
    )
  })

  test('shares a table of WITH that is read twice', () => {
    const graph = plan(
      'WITH c AS (SELECT k, COUNT(*) AS n FROM clicks GROUP BY k) SELECT k FROM c WHERE n > 1 UNION ALL SELECT k FROM c WHERE n < 1',
    )
    only(graph, 'group-aggregate')
    only(graph, 'source')
  })

  test('does not share sub-plans that are switched off', () => {
    const planner = createTestPlanner(TABLES)
    planner.configuration.set('table.optimizer.reuse-sub-plan-enabled', 'false')
    const graph = plan('SELECT k FROM log UNION ALL SELECT k FROM log', planner)
    expect(graph.nodes.filter((node) => node.kind === 'source')).toHaveLength(2)
  })

  test('reads only the fields of ROW columns that are read by any of the places that share the source', () => {
    const planner = createTestPlanner([
      `CREATE TABLE events (kind INT, a ROW<x INT, y ROW<z INT>, w INT>, b ROW<x INT, y INT>, c ROW<x INT, y INT>)
       WITH ('connector' = 'nested')`,
    ])
    const graph = plan(
      'SELECT a.w, a.y.z, b FROM events WHERE c.y > 1 UNION ALL SELECT a.w, 1, b FROM events WHERE a.x = 2 AND kind = 1',
      planner,
    )
    const types = only(graph, 'source').schema.fields.map(({ name, type }) => `${name} ${typeToString(type)}`)
    expect(types).toEqual([
      'kind INT',
      'a ROW<`x` INT, `y` ROW<`z` INT>, `w` INT>',
      'b ROW<`x` INT, `y` INT>',
      'c ROW<`y` INT>',
    ])
    const narrow = only(plan('SELECT a.w FROM events WHERE a.y.z = 1', planner), 'source')
    expect(narrow.schema.fields.map(({ type }) => typeToString(type))).toEqual(['ROW<`y` ROW<`z` INT>, `w` INT>'])
    const calc = only(plan('SELECT a.w FROM events WHERE a.y.z = 1', planner), 'calc')
    expect(calc.projections).toMatchObject([{ kind: 'field', index: 1, input: { kind: 'input', index: 0 } }])
  })

  test('has the watermark options of the table', () => {
    const { strategy } = only(plan('SELECT k FROM clicks'), 'watermark')
    expect(strategy).toMatchObject({ emit: 'on-event', idleTimeout: 10_000, rowtime: 1 })
  })

  test('takes the idle timeout from the configuration where the table has none', () => {
    const planner = createTestPlanner([
      `CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'append')`,
    ])
    planner.configuration.set('table.exec.source.idle-timeout', '3 s')
    expect(only(plan('SELECT ts FROM t', planner), 'watermark').strategy).toMatchObject({
      emit: 'on-periodic',
      idleTimeout: 3000,
    })
  })

  test('has the state TTL of the configuration, or of the hint', () => {
    const planner = createTestPlanner(TABLES)
    planner.configuration.set('table.exec.state.ttl', '1 h')
    expect(only(plan(count, planner), 'group-aggregate').stateTtl).toBe(3_600_000)
    const hinted = "SELECT /*+ STATE_TTL('clicks' = '2 min') */ k, COUNT(*) FROM clicks GROUP BY k"
    expect(only(plan(hinted, planner), 'group-aggregate').stateTtl).toBe(120_000)
  })

  test('has the state TTL of each side of a join', () => {
    const planner = createTestPlanner(TABLES)
    planner.configuration.set('table.exec.state.ttl', '1 h')
    const join = (hint: string): readonly number[] => {
      const { left, right } = only(plan(`SELECT ${hint} c.v FROM clicks AS c JOIN log ON c.k = log.k`, planner), 'join')
      return [left.stateTtl, right.stateTtl]
    }
    expect(join('')).toEqual([3_600_000, 3_600_000])
    expect(join("/*+ STATE_TTL('c' = '2 min') */")).toEqual([120_000, 3_600_000])
    expect(join("/*+ STATE_TTL('c' = '1 d', 'log' = '0 s') */")).toEqual([86_400_000, 0])
  })

  test('has what the sink must know', () => {
    const planner = createTestPlanner(TABLES)
    planner.configuration.set('table.exec.sink.not-null-enforcer', 'DROP')
    expect(only(plan(count, planner), 'sink')).toMatchObject({
      columns: ['k', 'n'],
      primaryKey: [0],
      notNull: [0],
      notNullEnforcer: 'DROP',
      overwrite: false,
    })
  })

  test('has constants that the executor evaluated', () => {
    const planner = createTestPlanner(TABLES)
    const seen: string[] = []
    const context = {
      ...planner.context,
      evaluateConstant: (expression: object) => {
        seen.push(JSON.stringify(expression))
        return 'function' in expression && expression.function === '+' ? 3 : undefined
      },
    }
    const sql = 'SELECT v + (1 + 2) AS x, UPPER(k) AS u FROM clicks WHERE RAND() < 1e0'
    const graph = planStatement(parseStatement(sql) as PlannableStatement, sql, context)
    expect(graph.nodes.find((node) => node.kind === 'calc')?.description).toContain('(v + 3:BIGINT) AS x')
    expect(seen.some((text) => text.includes('RAND'))).toBe(false)
    expect(seen.some((text) => text.includes('"input"'))).toBe(false)
  })
})

describe('EXPLAIN', () => {
  test('JSON_EXECUTION_PLAN ends with the graph', () => {
    const sql = 'EXPLAIN JSON_EXECUTION_PLAN SELECT k FROM clicks'
    const { context } = createTestPlanner(TABLES)
    const text = explainStatement(parseStatement(sql), sql, context)
    const json: unknown = JSON.parse(text.slice(text.indexOf('== Physical Execution Plan ==\n') + 30))
    expect(json).toEqual(plan('SELECT k FROM clicks'))
  })

  test('a statement without plan is refused', () => {
    const sql = 'EXPLAIN DELETE FROM counts'
    expect(() => explainStatement(parseStatement(sql), sql, createTestPlanner(TABLES).context)).toThrow(
      'EXPLAIN DELETE',
    )
  })
})

describe('a check', () => {
  test('takes statements that need no plan', () => {
    for (const sql of ['SHOW TABLES', "SET 'a' = 'b'", 'CREATE VIEW w AS SELECT k FROM clicks']) {
      expect(() => {
        checkStatement(parseStatement(sql), sql, createTestPlanner(TABLES).context)
      }).not.toThrow()
    }
  })

  test('looks into views', () => {
    const sql = 'CREATE VIEW w AS SELECT nope FROM clicks'
    expect(() => {
      checkStatement(parseStatement(sql), sql, createTestPlanner(TABLES).context)
    }).toThrow('column "nope" does not exist')
  })
})

describe('table definitions', () => {
  function resolve(columns: string, connector = 'append'): ReturnType<typeof resolveTable> {
    const { catalog, context } = createTestPlanner([`CREATE TABLE t (${columns}) WITH ('connector' = '${connector}')`])
    const table = catalog.requireTable(['t'])
    if (table.kind !== 'table') throw new Error('not a table')
    return resolveTable(table, context)
  }

  test('get types of computed columns and time attributes', () => {
    const { columns, watermark } = resolve(
      'a INT, b AS a + 1, p AS PROCTIME(), ts TIMESTAMP(3), WATERMARK FOR ts AS ts',
    )
    expect(columns.map((column) => column.type)).toEqual([
      { kind: 'INT', nullable: true },
      { kind: 'INT', nullable: true },
      { kind: 'TIMESTAMP_LTZ', precision: 3, nullable: false, timeAttribute: 'proctime' },
      { kind: 'TIMESTAMP', precision: 3, nullable: true, timeAttribute: 'rowtime' },
    ])
    expect(watermark?.column).toBe(3)
  })

  test.each([
    ['a INT, b AS nope + 1', 'column "nope" does not exist'],
    ['a INT, b AS a + 1, c AS b + 1', 'column "b" does not exist'],
    ['a INT, ts STRING, WATERMARK FOR ts AS ts', 'rowtime attribute "ts" cannot be of type STRING'],
    ['ts TIMESTAMP(6), WATERMARK FOR ts AS ts', 'cannot be of type TIMESTAMP(6)'],
    ['ts TIMESTAMP(3), WATERMARK FOR ts AS 1', 'the watermark of "ts" cannot be of type INT'],
    ['p AS PROCTIME(), WATERMARK FOR p AS p', 'cannot be a processing-time attribute'],
    ['a INT, WATERMARK FOR ts AS ts', 'watermark column "ts" is not a column of table "t"'],
    ['a INT, PRIMARY KEY (b) NOT ENFORCED', 'primary key column "b" is not a column'],
    ['a INT, b AS a + 1, PRIMARY KEY (b) NOT ENFORCED', 'primary key column "b" is not a physical column'],
    ["a INT, m BIGINT METADATA FROM 'ofset' VIRTUAL", 'has no metadata "ofset"'],
    ["a INT, m BOOLEAN METADATA FROM 'timestamp'", 'cannot be read as BOOLEAN'],
    ['a INT, b AS NULL', 'is always NULL'],
  ])('%s is refused', (columns, message) => {
    expect(() => resolve(columns)).toThrow(message)
  })
})

test('a view is stored with full names, tables of WITH apart', () => {
  const { context } = createTestPlanner(TABLES)
  const query = parseQuery(
    "WITH log AS (SELECT k FROM clicks) SELECT * FROM log, TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' DAY)) WHERE k IN (SELECT k FROM counts)",
  )
  const text = formatQuery(qualifyQuery(query, context)).replace(/\s+/g, ' ')
  expect(text).toContain('FROM `default_catalog`.`default_database`.`clicks`')
  expect(text).toContain('FROM log,')
  expect(text).toContain('TABLE `default_catalog`.`default_database`.`clicks`')
  expect(text).toContain('FROM `default_catalog`.`default_database`.`counts`')
})

test('rows that are divided by some of the keys already stay where they are', () => {
  const planner = createTestPlanner(TABLES)
  planner.configuration.set('parallelism.default', '2')
  const exchanges = (sql: string): readonly string[] => {
    const text = explainStatement(parseStatement(sql), sql, planner.context)
    const lines = text.slice(text.indexOf('Optimized Execution Plan')).split('\n')
    return lines.filter((line) => line.includes('hash[')).map((line) => line.slice(line.indexOf('hash')))
  }
  // By the join's key, though more columns are grouped by, and by them in any order.
  const joined = 'SELECT l.k, l.v FROM clicks AS l JOIN clicks AS r ON l.k = r.k'
  expect(exchanges(joined)).toEqual(['hash[k]])', 'hash[k]])'])
  expect(exchanges(`SELECT v, k, COUNT(*) FROM (${joined}) GROUP BY v, k`)).toEqual(exchanges(joined))
  // A computed key is another one.
  expect(exchanges(`SELECT k, COUNT(*) FROM (SELECT UPPER(k) AS k FROM (${joined})) GROUP BY k`)).toHaveLength(3)
  // Fewer columns than rows were divided by do not say where they are.
  const counts = 'SELECT k, v, COUNT(*) AS n FROM clicks GROUP BY k, v'
  expect(exchanges(`SELECT k, SUM(n) FROM (${counts}) GROUP BY k`)).toEqual(['hash[k]])', 'hash[k, v]])'])
  // Rows that an outer join fills up with NULLs are not where the key NULL would be.
  const outer = joined.replace('JOIN', 'LEFT JOIN').replace('l.k, l.v', 'r.k, r.v')
  expect(exchanges(`SELECT k, COUNT(*) FROM (${outer}) GROUP BY k`)).toHaveLength(3)
  expect(exchanges(`SELECT k, COUNT(*) FROM (${joined.replace('JOIN', 'LEFT JOIN')}) GROUP BY k`)).toHaveLength(2)
  // One side of a join is divided by one of its keys: the other one goes by that as well.
  const sums = 'SELECT k, SUM(v) AS v FROM clicks GROUP BY k'
  expect(exchanges(`SELECT * FROM (${sums}) AS s JOIN clicks AS c ON s.v = c.v AND s.k = c.k`)).toHaveLength(2)
})

test('EXPLAIN shows where rows go to other workers, if there are any', () => {
  const planner = createTestPlanner(TABLES)
  const sql = 'INSERT INTO counts SELECT k, COUNT(*) FROM clicks GROUP BY k'
  const exchanges = (): readonly string[] =>
    explainStatement(parseStatement(sql), sql, planner.context)
      .split('\n')
      .filter((line) => line.includes('Exchange'))
  expect(exchanges()).toEqual([])
  planner.configuration.set('parallelism.default', '2')
  expect(exchanges()).toEqual([
    // In the physical and in the execution plan.
    '+- Exchange(distribution=[single])',
    '      +- Exchange(distribution=[hash[k]])',
    '+- Exchange(distribution=[single])',
    '      +- Exchange(distribution=[hash[k]])',
  ])
})

test('EXPLAIN shows both phases of a window aggregate whose rows go to other workers', () => {
  const planner = createTestPlanner(TABLES)
  planner.configuration.set('parallelism.default', '2')
  const plan = (sql: string): readonly string[] => {
    const text = explainStatement(parseStatement(sql), sql, planner.context)
    const lines = text.slice(text.indexOf('Optimized Execution Plan')).split('\n')
    return lines.filter((line) => /Window|Exchange/.test(line)).map((line) => line.replace(/^[ +-]+/, ''))
  }
  const windows = "TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
  const counts = `SELECT k, COUNT(*) AS num, AVG(v) FILTER (WHERE v > 1) AS a, window_start, window_end FROM ${windows} GROUP BY k, window_start, window_end`
  const hop = 'size=[10 s], slide=[2 s])]'
  expect(plan(`SELECT MAX(num) AS m, window_end FROM (${counts}) GROUP BY window_start, window_end`)).toEqual([
    `GlobalWindowAggregate(window=[HOP(win_end=[$window_end], ${hop}, select=[MAX(max$0) AS m, end('w$) AS window_end])`,
    'Exchange(distribution=[single])',
    `LocalWindowAggregate(window=[HOP(win_start=[window_start], win_end=[window_end], ${hop}, select=[MAX(num) AS max$0, slice_end('w$) AS $window_end])`,
    `GlobalWindowAggregate(groupBy=[k], window=[HOP(slice_end=[$slice_end], ${hop}, select=[k, COUNT(count1$0) AS num, start('w$) AS window_start, end('w$) AS window_end])`,
    'Exchange(distribution=[hash[k]])',
    `LocalWindowAggregate(groupBy=[k], window=[HOP(time_col=[ts], ${hop}, select=[k, COUNT(*) AS count1$0, slice_end('w$) AS $slice_end])`,
  ])
  const [global, , local] = plan(counts)
  expect(global).toContain('AVG((sum$1, count$2)) AS a')
  expect(local).toMatch(/AVG\(v\) FILTER \S+ AS \(sum\$1, count\$2\)/)
  const one = (sql: string): boolean => plan(sql).every((line) => !line.startsWith('LocalWindowAggregate'))
  expect(one(counts.replace('COUNT(*)', 'COUNT(DISTINCT v)'))).toBe(true)
  expect(one("SELECT k, COUNT(*) FROM clicks GROUP BY k, TUMBLE(ts, INTERVAL '1' SECOND)")).toBe(false)
  planner.configuration.set('table.optimizer.agg-phase-strategy', 'ONE_PHASE')
  expect(one(counts)).toBe(true)
})

test('a side of a window join with one row a window goes to all workers, the other stays where it is', () => {
  const planner = createTestPlanner(TABLES)
  planner.configuration.set('parallelism.default', '2')
  const exchanges = (sql: string): readonly string[] => {
    const text = explainStatement(parseStatement(sql), sql, planner.context)
    const lines = text.slice(text.indexOf('Optimized Execution Plan')).split('\n')
    return lines.filter((line) => line.includes('Exchange')).map((line) => /\[(.*)\]/.exec(line)?.[1] ?? '')
  }
  const windows = "TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))"
  const counts = `SELECT k, COUNT(*) AS n, window_start, window_end FROM ${windows} GROUP BY k, window_start, window_end`
  const most = `SELECT MAX(n) AS n, window_start, window_end FROM (${counts}) GROUP BY window_start, window_end`
  const join = (left: string, type: string, right: string, rest = 'AND l.n >= r.n'): string =>
    `SELECT l.n FROM (${left}) AS l ${type} JOIN (${right}) AS r ON l.window_start = r.window_start AND l.window_end = r.window_end ${rest}`
  const exists = (left: string, not: string, right: string): string =>
    `SELECT l.n FROM (${left}) AS l WHERE ${not} EXISTS (SELECT * FROM (${right}) AS r WHERE l.window_start = r.window_start AND l.window_end = r.window_end AND l.n >= r.n)`
  const rightGoes = ['hash[k]', 'broadcast', 'single']
  const leftGoes = ['broadcast', 'single', 'hash[k]']
  const bothGo = expect.arrayContaining(['hash[window_end]', 'hash[window_end]'])
  expect(exchanges(join(counts, 'INNER', most))).toEqual(rightGoes)
  expect(exchanges(join(most, 'INNER', counts))).toEqual(leftGoes)
  expect(exchanges(join(counts, 'LEFT', most))).toEqual(rightGoes)
  expect(exchanges(join(most, 'LEFT', counts))).toEqual(bothGo)
  expect(exchanges(join(counts, 'RIGHT', most))).toEqual(bothGo)
  expect(exchanges(join(most, 'RIGHT', counts))).toEqual(leftGoes)
  expect(exchanges(join(counts, 'FULL', most))).toEqual(bothGo)
  expect(exchanges(join(most, 'FULL', counts))).toEqual(bothGo)
  for (const not of ['', 'NOT']) {
    expect(exchanges(exists(counts, not, most))).toEqual(rightGoes)
    expect(exchanges(exists(most, not, counts))).toEqual(bothGo)
  }
  // With a key, with many rows of a window on both sides, and where the other side is in one worker as well.
  expect(exchanges(join(counts, 'INNER', most, 'AND l.n = r.n'))).toContain('hash[n]')
  expect(exchanges(join(counts, 'INNER', counts))).toEqual(bothGo)
  expect(exchanges(join(most, 'INNER', most))).not.toContain('broadcast')
  // Some of the rows, with other columns.
  const some = `SELECT n + 1 AS n, window_end, window_start FROM (${most}) WHERE n > 2`
  expect(exchanges(join(counts, 'INNER', some))).toEqual(rightGoes)
  // Rows stay where they are by the key of the other side.
  const joined = join(counts, 'INNER', most).replace('SELECT l.n', 'SELECT l.k, l.n')
  expect(exchanges(`SELECT k, SUM(n) FROM (${joined}) GROUP BY k`)).toEqual(rightGoes)
})
