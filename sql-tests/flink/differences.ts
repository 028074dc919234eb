/** Records in which Millrace and Flink are known to differ. What is deliberate stands in `docs/compatibility.md` too. */
export interface KnownDifference {
  readonly suite: string
  /** The whole statement. */
  readonly sql: string
  readonly reason: string
}

const MONOTONIC =
  'Flink finds that COUNT(*) over inserts only grows, and keeps a MAX over it without its history: it never falls while a change is under way'

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    suite: 'aggregates.slt',
    sql: 'SELECT MAX(c), MIN(c), SUM(c), COUNT(DISTINCT c) FROM (SELECT item, COUNT(*) AS c FROM sales GROUP BY item)',
    reason: MONOTONIC,
  },
  {
    suite: 'aggregates.slt',
    sql: 'SELECT MAX(c) FROM (SELECT item, COUNT(*) AS c FROM sales GROUP BY item)',
    reason: MONOTONIC,
  },
  {
    suite: 'windows.slt',
    sql: "SELECT window_start, window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '3' SECOND)) WHERE ts IS NOT NULL GROUP BY window_start, window_end",
    reason:
      'Flink loses windows that have an offset: rows wait in a buffer for the end of a window without one, and the window has ended when they leave it',
  },
  {
    suite: 'windows.slt',
    sql: "SELECT window_start, window_end, SUM(c), COUNT(*) FROM TABLE(TUMBLE(TABLE (SELECT window_time AS t, u, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND)) WHERE ts IS NOT NULL GROUP BY window_start, window_end, window_time, u), DESCRIPTOR(t), INTERVAL '20' SECOND)) GROUP BY window_start, window_end",
    reason: 'a subquery can stand behind TABLE; Flink wants a view',
  },
  {
    suite: 'interval-joins.slt',
    sql: "SELECT o.id, s.carrier FROM orders AS o LEFT JOIN shipments AS s ON o.id = s.order_id AND o.arrived BETWEEN s.arrived - INTERVAL '1' DAY AND s.arrived + INTERVAL '1' DAY",
    reason: 'timers of processing time that are waiting at the end of the input fire then',
  },
  {
    suite: 'statements.slt',
    sql: "CREATE TABLE bad (a INT) WITH ('connector' = 'filesystem', 'path' = '/x', 'formt' = 'json')",
    reason: 'options are checked when a table is created',
  },
  {
    suite: 'statements.slt',
    sql: "SET 'table.exec.state.ttl' = 'soon'",
    reason: 'values are checked when they are set',
  },
]

/** Suites that are not run in Flink at all. */
export const MILLRACE_ONLY: Readonly<Record<string, string>> = {
  'functions-javascript.slt': 'functions in JavaScript',
  'lateral.slt': 'functions in JavaScript',
  'lookup-joins.slt': 'tables of files cannot be looked up in Flink',
}

/** Suites of which only the tables that the changes leave are compared. */
export const COMPARED_AS_TABLES: Readonly<Record<string, string>> = {
  'set-operations.slt': 'the planners put the scans of a query in different orders',
  'subqueries.slt': 'the planners put the scans of a query in different orders',
  'mini-batch.slt': 'Flink aggregates a bundle in two phases, each with bundles of its own',
}

/** Queries whose input has no order: suite and statement. */
export const WITHOUT_ORDER: readonly (readonly [suite: string, sql: string])[] = [
  // The files of two INSERTs have random names.
  ['statements.slt', 'SELECT * FROM files'],
]
