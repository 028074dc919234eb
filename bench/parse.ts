/**
 * How long parsing takes: a 40-line query of Millrace's dialect, and a query that node-sql-parser takes too, with the
 * ratio of both parsers in the same run. `node bench/parse.ts [--json]`
 */
import nodeSqlParser from 'node-sql-parser'
import { formatStatement } from '../parser/format.ts'
import { parseStatement } from '../parser/parse.ts'

const FORTY_LINES = `INSERT INTO revenue
WITH enriched AS (
  SELECT
    o.order_id,
    o.customer_id,
    o.price * o.quantity AS amount,
    CASE
      WHEN o.price > 1000 THEN 'large'
      WHEN o.price BETWEEN 100 AND 1000 THEN 'medium'
      ELSE 'small'
    END AS size_class,
    COALESCE(c.country, 'unknown') AS country,
    UPPER(TRIM(c.name)) AS customer,
    CAST(o.payload AS ROW<a INT, b ARRAY<STRING>>) AS payload,
    o.order_time
  FROM orders /*+ OPTIONS('scan.startup.mode' = 'earliest-offset') */ AS o
  LEFT JOIN customers FOR SYSTEM_TIME AS OF o.proc_time AS c
    ON o.customer_id = c.id AND c.active = TRUE
  WHERE o.status IN ('paid', 'shipped', 'done')
    AND o.price IS NOT NULL
    AND NOT (o.quantity <= 0 OR o.price < 0)
    AND o.product LIKE 'A%'
)
SELECT
  window_start,
  window_end,
  country,
  size_class,
  COUNT(*) AS orders,
  COUNT(DISTINCT customer_id) AS customers,
  SUM(amount) AS revenue,
  AVG(amount) FILTER (WHERE size_class = 'large') AS large_average,
  MAX(order_time) AS last_order,
  SUM(SUM(amount)) OVER (PARTITION BY country ORDER BY window_start
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS rolling
FROM TABLE(
  TUMBLE(TABLE enriched, DESCRIPTOR(order_time), INTERVAL '10' MINUTES))
GROUP BY window_start, window_end, country, size_class
HAVING SUM(amount) > 0
ORDER BY window_start`

/** Without what only one of the two understands. */
const COMMON = `SELECT
  o.order_id,
  o.customer_id,
  o.price * o.quantity AS amount,
  CASE WHEN o.price > 1000 THEN 'large' WHEN o.price > 100 THEN 'medium' ELSE 'small' END AS size_class,
  COALESCE(c.country, 'unknown') AS country,
  UPPER(c.name) AS customer,
  COUNT(*) AS orders,
  COUNT(DISTINCT c.id) AS customers,
  SUM(o.price * o.quantity) AS revenue
FROM orders AS o
LEFT JOIN customers AS c ON o.customer_id = c.id AND c.active = 1
WHERE o.status IN ('paid', 'shipped', 'done')
  AND o.price IS NOT NULL
  AND o.quantity > 0
  AND o.product LIKE 'A%'
GROUP BY o.order_id, o.customer_id, c.country
HAVING SUM(o.price) > 0
ORDER BY revenue DESC
LIMIT 100`

/** Median of the milliseconds that one call takes, after warming up. */
function median(run: () => void, calls: number): number {
  for (let i = 0; i < calls; i++) run()
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now()
    for (let i = 0; i < calls; i++) run()
    return (performance.now() - start) / calls
  })
  return times.sort((a, b) => a - b)[4] ?? Number.NaN
}

const other = new nodeSqlParser.Parser()
const tree = parseStatement(FORTY_LINES)
const results = {
  parse_40_lines_ms: median(() => parseStatement(FORTY_LINES), 500),
  format_40_lines_ms: median(() => formatStatement(tree), 500),
  parse_common_ms: median(() => parseStatement(COMMON), 500),
  node_sql_parser_common_ms: median(() => other.astify(COMMON, { database: 'FlinkSQL' }), 20),
  parse_ratio: 0,
}
results.parse_ratio = results.node_sql_parser_common_ms / results.parse_common_ms

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(results))
} else {
  console.log(`${FORTY_LINES.split('\n').length} lines parsed in ${results.parse_40_lines_ms.toFixed(4)} ms`)
  console.log(`the tree formatted in ${results.format_40_lines_ms.toFixed(4)} ms`)
  console.log(
    `the common query: ${results.parse_common_ms.toFixed(4)} ms, node-sql-parser ${results.node_sql_parser_common_ms.toFixed(4)} ms`,
  )
  console.log(`ratio: ${results.parse_ratio.toFixed(1)} times node-sql-parser's speed`)
}
