import type { Scope } from './compare.ts'

/** Records in which Millrace and Flink are known to differ, and how else they are compared. */

/** What is deliberate stands in `docs/compatibility.md` too. */
export interface KnownDifference {
  readonly reason: string
  /** Whole statements. */
  readonly records: readonly (readonly [suite: string, sql: string])[]
}

const NOTHING = 'Flink has no rows at all until the subquery of an IN, ANY or ALL that is a value has one'

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: "Flink's batch mode takes no OFFSET without a limit",
    records: [['batch-order.slt', 'SELECT id FROM sales ORDER BY id OFFSET 5']],
  },
  {
    reason: 'in Flink LAG and LEAD with a default are NOT NULL although the value itself may be NULL',
    records: [
      [
        'batch-order.slt',
        'SELECT id, LAG(n) OVER (PARTITION BY shop ORDER BY id), LEAD(n, 1, -7) OVER (PARTITION BY shop ORDER BY id) FROM sales',
      ],
      [
        'batch.slt',
        'SELECT id, shop, n, ROW_NUMBER() OVER w, RANK() OVER w, DENSE_RANK() OVER w, LAG(id) OVER w, LEAD(id, 2, CAST(-1 AS BIGINT)) OVER w FROM sales WINDOW w AS (PARTITION BY shop ORDER BY n)',
      ],
      [
        'over.slt',
        'SELECT id, LAG(amount) OVER (PARTITION BY product ORDER BY ts), LAG(amount, 2, 0) OVER (PARTITION BY product ORDER BY ts) FROM Orders',
      ],
    ],
  },
  {
    reason: "Flink's batch mode cannot compile RANGE over a time",
    records: [
      [
        'batch-order.slt',
        "SELECT id, COUNT(*) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND CURRENT ROW) FROM sales",
      ],
      [
        'batch.slt',
        "SELECT id, SUM(n) OVER (PARTITION BY shop), COUNT(*) OVER (), MIN(id) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND INTERVAL '1' SECOND PRECEDING), FIRST_VALUE(n) OVER (PARTITION BY shop ORDER BY id), LAST_VALUE(n) OVER (PARTITION BY shop ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM sales",
      ],
    ],
  },
  {
    reason: "Flink's CUME_DIST tells rows with the same place apart",
    records: [
      [
        'batch.slt',
        'SELECT id, PERCENT_RANK() OVER (ORDER BY n), CUME_DIST() OVER (ORDER BY n), NTILE(3) OVER (ORDER BY id), NTILE(2) OVER (PARTITION BY shop ORDER BY id) FROM sales',
      ],
    ],
  },
  {
    reason: 'a CREATE TABLE AS that fails leaves no table behind',
    records: [
      [
        'create-table-as.slt',
        "CREATE TABLE counts WITH ('connector' = 'filesystem', 'path' = '$DIR/counts', 'format' = 'debezium-json') AS SELECT name, COUNT(*) AS n FROM src GROUP BY name",
      ],
      ['create-table-as.slt', 'SELECT * FROM counts'],
    ],
  },
  {
    reason: "Flink's file connector cannot read back the changes that it wrote to a table without files",
    records: [['debezium-json.slt', 'SELECT * FROM totals']],
  },
  {
    reason: 'metadata keys are checked when a table is created',
    records: [
      [
        'debezium-json.slt',
        "CREATE TABLE m (id INT, t STRING METADATA FROM 'value.source.table' VIRTUAL) WITH ('connector' = 'filesystem', 'path' = '$DIR/m', 'format' = 'debezium-json')",
      ],
    ],
  },
  {
    reason: 'Flink cannot take every expression over both sides out of a LATERAL query',
    records: [
      [
        'lateral-queries.slt',
        'SELECT code, x FROM states AS s LEFT JOIN LATERAL (SELECT COALESCE(pop, s.least) AS x FROM cities WHERE state = s.code) AS c ON x > 1000000',
      ],
    ],
  },
  {
    reason: 'Flink gives a Top-1 without its number to clients as upserts, without -U',
    records: [
      [
        'divided-rows.slt',
        'SELECT name, customer, id FROM (SELECT o.id, o.customer, c.name, ROW_NUMBER() OVER (PARTITION BY c.name, o.customer ORDER BY o.amount DESC, o.id) AS r FROM orders AS o JOIN customers AS c ON o.customer = c.id) WHERE r = 1',
      ],
      [
        'lateral-queries.slt',
        'SELECT s.state, c.name, c.pop FROM (SELECT DISTINCT state FROM cities) AS s CROSS JOIN LATERAL (SELECT pop, name FROM cities WHERE s.state = state ORDER BY name LIMIT 1) AS c',
      ],
      [
        'deduplication.slt',
        'SELECT id, `user` FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts, `user`) AS n FROM Orders) WHERE n = 1',
      ],
      [
        'window-ranks.slt',
        'SELECT window_start, k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY v DESC, k) AS n FROM tumbled) WHERE n <= 1',
      ],
    ],
  },
  {
    reason:
      'Flink loses windows that have an offset: rows wait in a buffer for the end of a window without one, and theirs has ended when they leave it',
    records: [
      [
        'flink-docs/window-tvf.slt',
        "SELECT window_start, window_end, SUM(price) FROM TABLE(TUMBLE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES, INTERVAL '1' MINUTES)) GROUP BY window_start, window_end",
      ],
      [
        'windows.slt',
        "SELECT window_start, window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '3' SECOND)) WHERE ts IS NOT NULL GROUP BY window_start, window_end",
      ],
    ],
  },
  {
    reason: 'Flink 2.2 does not know emitOnlyOnUpdate of CUMULATE, which is in later versions',
    records: [
      [
        'flink-docs/window-tvf.slt',
        "SELECT window_start, window_end, SUM(price) AS total_price FROM CUMULATE(TABLE Bid, DESCRIPTOR(bidtime), INTERVAL '2' MINUTES, INTERVAL '10' MINUTES, INTERVAL '0' SECOND, true) GROUP BY window_start, window_end",
      ],
      [
        'flink-docs/window-tvf.slt',
        "SELECT window_start, window_end, SUM(price) AS total_price FROM CUMULATE(DATA => TABLE Bid, TIMECOL => DESCRIPTOR(bidtime), STEP => INTERVAL '2' MINUTES, SIZE => INTERVAL '10' MINUTES, `OFFSET` => INTERVAL '0' SECOND, EMITONLYONUPDATE => true) GROUP BY window_start, window_end",
      ],
    ],
  },
  {
    reason:
      'in Flink the SUM of a NOT NULL column is NOT NULL in grouping sets; here it is what the empty set () can make it',
    records: [
      [
        'grouping-sets.slt',
        'SELECT country, city, COUNT(*), SUM(v) FROM sales GROUP BY GROUPING SETS ((country, city), (country), ())',
      ],
      [
        'grouping-sets.slt',
        'SELECT country, city, COUNT(*), SUM(v), GROUPING(country), GROUPING(city), GROUPING_ID(country, city), GROUPING_ID(city, country), GROUP_ID() FROM sales GROUP BY CUBE (country, city)',
      ],
      ['grouping-sets.slt', 'SELECT country, city, SUM(v) FROM sales GROUP BY ROLLUP (country, city)'],
      [
        'grouping-sets.slt',
        'SELECT country, city, v, SUM(v) FROM sales GROUP BY GROUPING SETS ((country, city), ROLLUP (v))',
      ],
      ['grouping-sets.slt', 'SELECT v, SUM(v), COUNT(v) FROM sales GROUP BY GROUPING SETS ((v), ())'],
      [
        'grouping-sets.slt',
        "SELECT COALESCE(city, CASE WHEN GROUPING(city) = 1 THEN 'all' ELSE 'unknown' END) AS c, SUM(v) FROM sales GROUP BY ROLLUP (city) HAVING SUM(v) > 1",
      ],
      ['grouping-sets.slt', 'SELECT UPPER(country), SUM(v) FROM sales GROUP BY ROLLUP (UPPER(country))'],
    ],
  },
  {
    reason: 'Flink calls the common column of a NATURAL JOIN ambiguous when it is renamed in a subquery',
    records: [
      ['joins.slt', 'SELECT id, amount FROM (SELECT customer AS id, amount FROM orders) NATURAL JOIN customers'],
    ],
  },
  {
    reason: 'Flink cannot run a quantifier from zero times that has a bound',
    records: [
      [
        'match-recognize.slt',
        'SELECT * FROM steps MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.id AS a, COUNT(B.id) AS n, C.id AS c PATTERN (A B{,2} C) DEFINE B AS x >= 2, C AS x < 3)',
      ],
    ],
  },
  {
    reason: 'Flink ignores anchors and SUBSET, which its page lists as not supported',
    records: [
      [
        'flink-docs/match-recognize.slt',
        'SELECT * FROM rises MATCH_RECOGNIZE (PARTITION BY symbol ORDER BY rowtime MEASURES A.price AS a PATTERN (^ A B) DEFINE A AS A.price > 10)',
      ],
      [
        'flink-docs/match-recognize.slt',
        'SELECT * FROM rises MATCH_RECOGNIZE (PARTITION BY symbol ORDER BY rowtime MEASURES A.price AS a PATTERN (A B $) DEFINE A AS A.price > 10)',
      ],
      [
        'flink-docs/match-recognize.slt',
        'SELECT * FROM rises MATCH_RECOGNIZE (PARTITION BY symbol ORDER BY rowtime MEASURES A.price AS a PATTERN (A B) SUBSET S = (A, B) DEFINE A AS A.price > 10)',
      ],
    ],
  },
  {
    reason: 'in Flink a table alias behind MATCH_RECOGNIZE cannot have columns',
    records: [
      [
        'match-recognize.slt',
        'SELECT k2, first_id FROM steps MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.id AS a, B.x AS x PATTERN (A B) DEFINE A AS id > 0) AS T (k2, first_id, x) WHERE x = 2',
      ],
    ],
  },
  {
    reason: 'a MULTISET of COLLECT holds no NULLs; Flink says that it may',
    records: [
      [
        'match-recognize.slt',
        'SELECT * FROM instants MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES COLLECT(A.x) AS xs, LISTAGG(A.k) AS qs, MAX(A.k) AS mq, STDDEV_POP(A.x) AS d AFTER MATCH SKIP PAST LAST ROW PATTERN (A+ B) DEFINE A AS A.x < 3)',
      ],
      ['retraction.slt', 'SELECT g, COLLECT(n), ARRAY_AGG(n) FROM changes GROUP BY g'],
      [
        'unnest.slt',
        'SELECT w, COUNT(*) FROM (SELECT COLLECT(what) AS all_of FROM votes) CROSS JOIN UNNEST(all_of) AS c (w) GROUP BY w',
      ],
      ['unnest.slt', 'SELECT w FROM (SELECT COLLECT(what) AS all_of FROM votes) CROSS JOIN UNNEST(all_of) AS c (w)'],
    ],
  },
  {
    reason: 'in DEFINE a field of a ROW column can be written without its pattern variable',
    records: [
      [
        'match-recognize.slt',
        'SELECT m.p, COUNT(*) FROM instants MATCH_RECOGNIZE (ORDER BY ts MEASURES A.id + B.x AS p PATTERN (A B) DEFINE A AS r.p IS NOT NULL) AS m GROUP BY m.p',
      ],
    ],
  },
  {
    reason: 'functions in JavaScript',
    records: [
      [
        'match-recognize.slt',
        "CREATE FUNCTION is_even AS '(n) => n % 2 === 0' LANGUAGE JAVASCRIPT WITH ('signature' = '(INT NOT NULL) -> BOOLEAN')",
      ],
      [
        'match-recognize.slt',
        'SELECT * FROM instants MATCH_RECOGNIZE (ORDER BY ts MEASURES A.id AS a, B.id AS b, is_even(A.id + B.id) AS e PATTERN (A B) DEFINE A AS NOT is_even(x), B AS is_even(B.x + A.x))',
      ],
    ],
  },
  {
    reason: 'values are checked when they are set',
    records: [
      ['mini-batch.slt', "SET 'table.exec.mini-batch.enabled' = 'maybe'"],
      ['sink-options.slt', "SET 'table.exec.sink.not-null-enforcer' = 'maybe'"],
      ['statements.slt', "SET 'table.exec.state.ttl' = 'soon'"],
    ],
  },
  {
    reason: 'a MAX over a NOT NULL column up to the current row is NOT NULL; Flink says it may be NULL',
    records: [
      [
        'over.slt',
        'SELECT id, n, MAX(n) OVER (ORDER BY ts ROWS 1 PRECEDING) AS m FROM (SELECT id, ts, COUNT(*) OVER (PARTITION BY product ORDER BY ts) AS n FROM Orders)',
      ],
    ],
  },
  {
    reason: "Flink's RANK and DENSE_RANK in streams count rows of the same time one by one",
    records: [
      [
        'over.slt',
        'SELECT id, RANK() OVER (PARTITION BY product ORDER BY ts), DENSE_RANK() OVER (PARTITION BY product ORDER BY ts) FROM Orders',
      ],
    ],
  },
  {
    reason: 'Flink says VARCHAR(2000) of JSON_OBJECTAGG and JSON_ARRAYAGG, and does not keep to it',
    records: [
      [
        'retraction.slt',
        'SELECT g, JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE n), JSON_ARRAYAGG(s), JSON_ARRAYAGG(m NULL ON NULL) FROM changes GROUP BY g',
      ],
    ],
  },
  {
    reason: 'FILTER of JSON_OBJECTAGG is not in the grammar of Flink',
    records: [
      [
        'retraction.slt',
        'SELECT JSON_OBJECTAGG(CAST(id AS STRING) VALUE d ABSENT ON NULL), JSON_OBJECTAGG(g VALUE s) FILTER (WHERE s IS NOT NULL AND id > 3), JSON_ARRAYAGG(b NULL ON NULL) FROM changes',
      ],
    ],
  },
  {
    reason: 'Flink has APPROX_COUNT_DISTINCT in batch mode only',
    records: [
      ['retraction.slt', 'SELECT g, APPROX_COUNT_DISTINCT(n), APPROX_COUNT_DISTINCT(s) FROM changes GROUP BY g'],
    ],
  },
  {
    reason: 'Flink leaves out the columns of INTERSECT ALL that nobody reads, which makes other rows equal',
    records: [
      [
        'set-operations.slt',
        'SELECT s, COUNT(*) FROM (SELECT x, s FROM a INTERSECT ALL SELECT x, s FROM b) GROUP BY s',
      ],
    ],
  },
  {
    reason: 'Flink gives no rows at all where a subquery of IN has none: it joins with a COUNT(*) that never comes',
    records: [
      [
        'set-operations.slt',
        'SELECT s FROM a WHERE x IN (SELECT x FROM b INTERSECT SELECT x FROM a) OR s IN (SELECT s FROM a EXCEPT SELECT s FROM b)',
      ],
      [
        'subqueries.slt',
        'SELECT id, kind IN (SELECT id FROM kinds) AS a, name IN (SELECT label FROM kinds) AS b, name NOT IN (SELECT label FROM kinds) AS c, kind IN (SELECT id FROM nothing) AS d FROM items',
      ],
      [
        'subqueries.slt',
        'SELECT id FROM items WHERE price > ALL (SELECT least FROM nothing) AND kind <> ALL (SELECT id FROM kinds)',
      ],
    ],
  },
  {
    reason: 'INSERT OVERWRITE runs in streaming mode too',
    records: [
      ['sink-options.slt', 'INSERT OVERWRITE plain SELECT * FROM words'],
      ['sink-options.slt', 'SELECT * FROM plain_text'],
      ['sink-options.slt', "INSERT OVERWRITE plain SELECT 'abcdef', 'x' || v, b, X'010203' FROM words WHERE b IS NULL"],
    ],
  },
  {
    reason: 'Flink takes the grouped column of the outer query for NULL in the subquery',
    records: [
      [
        'subqueries.slt',
        'SELECT kind, COUNT(*), (SELECT MAX(label) FROM kinds AS k WHERE k.id = kind) FROM items GROUP BY kind HAVING kind IN (SELECT id FROM kinds)',
      ],
    ],
  },
  {
    reason: 'refused here, with a hint',
    records: [
      [
        'subqueries.slt',
        'SELECT id, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY id) AS n, (SELECT MAX(id) FROM kinds) FROM items',
      ],
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE id IN (SELECT id FROM kinds AS k WHERE EXISTS (SELECT 1 FROM items AS j WHERE j.id = i.id AND j.id = k.id))',
      ],
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE kind NOT IN (SELECT MAX(k.id) FROM kinds AS k WHERE k.id = i.kind)',
      ],
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE EXISTS (SELECT 1 FROM kinds AS k WHERE k.id = i.kind LIMIT 1)',
      ],
    ],
  },
  {
    reason: 'Flink fails with a NullPointerException while it plans',
    records: [
      [
        'time-attributes.slt',
        "SELECT window_start, SUM(v) FROM TABLE(TUMBLE(TABLE alone, DESCRIPTOR(t), INTERVAL '20' SECOND)) GROUP BY window_start, window_end",
      ],
      [
        'time-attributes.slt',
        "SELECT window_start, SUM(v) FROM TABLE(TUMBLE(TABLE twice, DESCRIPTOR(ts), INTERVAL '20' SECOND)) GROUP BY window_start, window_end",
      ],
    ],
  },
  {
    reason: 'a UNION ALL of a time attribute and a plain timestamp is plain',
    records: [
      [
        'time-attributes.slt',
        "SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE mixed, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
      ],
    ],
  },
  {
    reason: 'Flink fails on the index of a column while it plans',
    records: [
      [
        'top-n.slt',
        "SELECT category, name, row_num FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY category ORDER BY sales DESC) AS row_num FROM (SELECT *, CASE category WHEN 'book' THEN 2 ELSE 1 END AS top FROM ShopSales)) WHERE row_num <= top",
      ],
      [
        'top-n.slt',
        'SELECT category, SUM(sales) AS s, ROW_NUMBER() OVER (ORDER BY SUM(sales) DESC) AS n FROM ShopSales GROUP BY category QUALIFY n <= 1',
      ],
    ],
  },
  {
    reason: 'a NULL among the rows of an array is a row of NULLs; Flink leaves it out',
    records: [
      ['unnest.slt', 'SELECT id, sku, n FROM carts CROSS JOIN UNNEST(items)'],
      ['unnest.slt', 'SELECT id, i.a, i.b + 1 FROM carts LEFT JOIN UNNEST(items) AS i (a, b) ON TRUE'],
    ],
  },
  {
    reason: 'Flink fails on this UNNEST while it plans or runs',
    records: [
      ['unnest.slt', 'SELECT id, sku, n, nr FROM carts CROSS JOIN UNNEST(items) WITH ORDINALITY AS t (sku, n, nr)'],
      ['unnest.slt', 'SELECT id, sku FROM carts JOIN UNNEST(items) AS i (sku, n) ON n >= id'],
      [
        'unnest.slt',
        "SELECT id, x || 'y' AS z FROM carts LEFT JOIN UNNEST(ARRAY[CAST(id AS STRING), '4']) AS t (x) ON CAST(x AS INT) > id",
      ],
    ],
  },
  {
    reason: 'Flink has no SESSION in batch mode',
    records: [
      [
        'batch-operators.slt',
        "SELECT shop, window_start, window_end, COUNT(*) FROM TABLE(SESSION(TABLE orders PARTITION BY shop, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY shop, window_start, window_end",
      ],
    ],
  },
  {
    reason:
      'outer rows of a processing-time interval join come out at the end of the input; Flink does not fire these timers any more',
    records: [
      [
        'interval-joins.slt',
        "SELECT o.id, s.carrier FROM orders AS o LEFT JOIN shipments AS s ON o.id = s.order_id AND o.arrived BETWEEN s.arrived - INTERVAL '1' DAY AND s.arrived + INTERVAL '1' DAY",
      ],
    ],
  },
  {
    reason: 'a subquery can stand behind TABLE; Flink wants a view',
    records: [
      [
        'windows.slt',
        "SELECT window_start, window_end, SUM(c), COUNT(*) FROM TABLE(TUMBLE(TABLE (SELECT window_time AS t, u, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND)) WHERE ts IS NOT NULL GROUP BY window_start, window_end, window_time, u), DESCRIPTOR(t), INTERVAL '20' SECOND)) GROUP BY window_start, window_end",
      ],
    ],
  },
  {
    reason: 'options are checked when a table is created',
    records: [
      ['statements.slt', "CREATE TABLE bad (a INT) WITH ('connector' = 'filesystem', 'path' = '/x', 'formt' = 'json')"],
    ],
  },
  {
    reason: 'a column of NATURAL JOIN can be named without a table',
    records: [
      ['joins.slt', 'SELECT id, amount FROM (SELECT customer AS id, amount FROM orders) NATURAL JOIN customers'],
    ],
  },
  {
    reason: 'Flink finds no partner for a correlated subquery of a query with a subquery in HAVING',
    records: [
      [
        'subqueries.slt',
        'SELECT kind, COUNT(*), (SELECT MAX(label) FROM kinds AS k WHERE k.id = kind) FROM items GROUP BY kind HAVING kind IN (SELECT id FROM kinds)',
      ],
    ],
  },
  {
    reason: NOTHING,
    records: [
      [
        'subqueries.slt',
        'SELECT id, kind IN (SELECT id FROM kinds) AS a, name IN (SELECT label FROM kinds) AS b, name NOT IN (SELECT label FROM kinds) AS c, kind IN (SELECT id FROM nothing) AS d FROM items',
      ],
    ],
  },
  {
    reason: NOTHING,
    records: [
      [
        'subqueries.slt',
        'SELECT id FROM items WHERE price > ALL (SELECT least FROM nothing) AND kind <> ALL (SELECT id FROM kinds)',
      ],
    ],
  },
  {
    reason: 'a subquery beside a call with OVER is refused',
    records: [
      [
        'subqueries.slt',
        'SELECT id, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY id) AS n, (SELECT MAX(id) FROM kinds) FROM items',
      ],
    ],
  },
  {
    reason: 'columns of a query that is two levels further out are refused',
    records: [
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE id IN (SELECT id FROM kinds AS k WHERE EXISTS (SELECT 1 FROM items AS j WHERE j.id = i.id AND j.id = k.id))',
      ],
    ],
  },
  {
    reason: 'refused: Flink keeps rows for which the subquery gives NULL',
    records: [
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE kind NOT IN (SELECT MAX(k.id) FROM kinds AS k WHERE k.id = i.kind)',
      ],
    ],
  },
  {
    reason: 'refused: Flink takes the LIMIT of the whole subquery, and not of that of each row',
    records: [
      [
        'subqueries.slt',
        'SELECT id FROM items AS i WHERE EXISTS (SELECT 1 FROM kinds AS k WHERE k.id = i.kind LIMIT 1)',
      ],
    ],
  },
  {
    reason: 'Flink compares only the columns that are read above',
    records: [
      [
        'set-operations.slt',
        'SELECT s, COUNT(*) FROM (SELECT x, s FROM a INTERSECT ALL SELECT x, s FROM b) GROUP BY s',
      ],
    ],
  },
  {
    reason: NOTHING,
    records: [
      [
        'set-operations.slt',
        'SELECT s FROM a WHERE x IN (SELECT x FROM b INTERSECT SELECT x FROM a) OR s IN (SELECT s FROM a EXCEPT SELECT s FROM b)',
      ],
    ],
  },
]

/** Suites that are not run in Flink at all. */
export const MILLRACE_ONLY: Readonly<Record<string, string>> = {
  'flink-docs/lookup-joins.slt': 'tables of files cannot be looked up in Flink',
  'flink-docs/table-functions.slt': 'functions in JavaScript',
  'changelog-functions.slt': 'functions of Flink 2.3',
  'functions-javascript.slt': 'functions in JavaScript',
  'lateral.slt': 'functions in JavaScript',
  'process-functions.slt': 'functions in JavaScript',
  'lookup-joins.slt': 'tables of files cannot be looked up in Flink',
}

/** Suites of which only the tables that the changes leave are compared. */
export const COMPARED_AS_TABLES: Readonly<Record<string, string>> = {
  'divided-rows.slt': 'the files of a directory are read in no order',
  'set-operations.slt': 'the planners put the scans of a query in different orders',
  'subqueries.slt': 'the planners put the scans of a query in different orders',
  'mini-batch.slt': 'Flink aggregates a bundle in two phases, each with bundles of its own',
}

/** Queries that are compared less strictly: rows of VALUES and of files with random names have no order, clocks go on. */
export const OTHER_SCOPES: readonly (readonly [suite: string, sql: string, scope: Scope])[] = [
  [
    'functions.slt',
    "SELECT JSON_QUERY(j, '$'), JSON_QUERY(j, '$.a'), JSON_QUERY(j, '$.a' WITH WRAPPER), JSON_QUERY(j, '$.a' WITH CONDITIONAL ARRAY WRAPPER), JSON_QUERY(j, '$.a' WITHOUT WRAPPER NULL ON EMPTY EMPTY ARRAY ON ERROR), JSON_QUERY(j, 'lax $.a' EMPTY OBJECT ON EMPTY), JSON_QUERY(j, '$.a[*]' WITH WRAPPER), JSON_QUERY(j, 'strict $.zz' EMPTY OBJECT ON ERROR), JSON_QUERY(j, '$..b'), JSON_QUERY(j, '$.a[0,1]'), JSON_QUERY(j, '$.a[1:]'), JSON_QUERY(j, '$[''a'',''c'']'), JSON_QUERY(j, '$.*'), JSON_QUERY(j, '$.a' RETURNING ARRAY<STRING>), JSON_QUERY(j, '$.a' RETURNING ARRAY<STRING> WITH WRAPPER EMPTY ARRAY ON ERROR) FROM (VALUES ('{\"a\": [1, 2.50, {\"b\" : \"x\"}, null], \"c\": 1}'), ('{\"a\": 5}'), ('{\"a\": \"t\"}'), ('{\"a\": null}'), ('{\"a\": {\"z\": 1, \"b\": 2}}'), ('nope'), ('[1, 1e3]'), ('{}'), (CAST(NULL AS STRING))) AS v(j)",
    'every change',
  ],
  [
    'functions.slt',
    "SELECT JSON_VALUE(j, '$.a'), JSON_VALUE(j, '$.a' DEFAULT 'e' ON EMPTY DEFAULT 'err' ON ERROR), JSON_VALUE(j, 'lax $.a' DEFAULT 'e' ON EMPTY DEFAULT 'err' ON ERROR), JSON_VALUE(j, '$.a' NULL ON EMPTY), JSON_VALUE(j, '$.a.b'), JSON_VALUE(j, '$.a[0]'), JSON_VALUE(j, '$[''a'']'), JSON_VALUE(j, '$.a[-1]'), JSON_EXISTS(j, '$.a'), JSON_EXISTS(j, 'lax $.a'), JSON_EXISTS(j, '$.a' TRUE ON ERROR), JSON_EXISTS(j, '$.a' UNKNOWN ON ERROR), j IS JSON OBJECT, j IS JSON FROM (VALUES ('{\"a\": [1, 2.50]}'), ('{\"a\": 5}'), ('{\"a\": 5.10}'), ('{\"a\": 1e3}'), ('{\"a\": 12345678901234567890}'), ('{\"a\": \"t\"}'), ('{\"a\": null}'), ('{\"a\": {\"b\": 1}}'), ('nope'), ('{\"a\": true}'), ('{}'), ('0')) AS v(j)",
    'every change',
  ],
  ['statements.slt', 'SELECT * FROM files', 'every change'],
  // Whether an equal row came in the same millisecond.
  [
    'deduplication.slt',
    'SELECT id, `user`, row_num FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY arrived DESC) AS row_num FROM Orders) WHERE row_num = 1',
    'the table',
  ],
  [
    'projection.slt',
    "SELECT x * y, z FROM (VALUES (1, 2, 'p'), (3, 4, CAST(NULL AS STRING))) AS v(x, y, z)",
    'every change',
  ],
  [
    'unnest.slt',
    "SELECT who, n, mark FROM (SELECT who, COUNT(*) AS n FROM votes GROUP BY who) CROSS JOIN UNNEST(ARRAY['x', 'y']) AS m (mark)",
    'the table',
  ],
  [
    'over.slt',
    'SELECT id, AVG(amount) OVER (ORDER BY id) FROM (VALUES (2, 3), (3, 9), (1, 3)) AS t(id, amount)',
    'the table',
  ],
  [
    'top-n.slt',
    'SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (ORDER BY v ASC) AS rn FROM (SELECT k, MIN(v) AS v FROM (VALUES (1, CAST(NULL AS INT)), (2, 5), (3, 6), (1, 7)) AS t(k, v) GROUP BY k)) WHERE rn <= 2',
    'the table',
  ],
  [
    'window-aggregates.slt',
    "SELECT window_start, window_end, SUM(x) FROM (SELECT window_start, window_end, x FROM TABLE(TUMBLE(TABLE c, DESCRIPTOR(ts), INTERVAL '10' SECOND)), UNNEST(ARRAY[1, 2]) AS t(x)) GROUP BY window_start, window_end",
    'the table',
  ],
]
