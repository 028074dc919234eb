-- Orders of a café, from the JSON files beside this script: revenue per product and minute in event time, running
-- totals per customer, and a generated stream of visits. Nothing but this repository is needed: npm run demo

SET 'execution.checkpointing.interval' = '1 s';
SET 'sql-client.execution.result-mode' = 'table';

CREATE TABLE orders (
  order_id   BIGINT,
  customer   STRING,
  product    STRING,
  quantity   INT,
  price      DECIMAL(8, 2),
  ordered_at TIMESTAMP(3),
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '5' SECOND
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/data/orders',
  'format' = 'json'
);

-- A source that makes its own rows.
CREATE TABLE visits (
  visit_id BIGINT,
  page     INT
) WITH (
  'connector' = 'datagen',
  'number-of-rows' = '200000',
  'rows-per-second' = '1000000',
  'fields.visit_id.kind' = 'sequence',
  'fields.visit_id.start' = '1',
  'fields.visit_id.end' = '200000',
  'fields.page.min' = '1',
  'fields.page.max' = '9'
);

CREATE TABLE revenue_per_minute (
  window_start TIMESTAMP(3),
  product      STRING,
  orders       BIGINT,
  revenue      DECIMAL(38, 2)
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/output/revenue-per-minute',
  'format' = 'json'
);

CREATE TABLE even_visits (
  visit_id BIGINT,
  page     STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/output/even-visits',
  'format' = 'csv'
);

CREATE VIEW line_items AS
SELECT customer, product, ordered_at, price * quantity AS amount
FROM orders
WHERE quantity > 0;

-- One job, two results: closed minutes go to JSON files, a part of the visits to CSV files.
EXECUTE STATEMENT SET
BEGIN
  INSERT INTO revenue_per_minute
  SELECT window_start, product, COUNT(*), SUM(amount)
  FROM TABLE(TUMBLE(TABLE line_items, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
  GROUP BY window_start, window_end, product;

  INSERT INTO even_visits
  SELECT visit_id, 'page-' || CAST(page AS STRING)
  FROM visits
  WHERE MOD(visit_id, 2) = 0;
END;

-- A live table: the running total of each customer changes as orders come in.
SELECT customer, COUNT(*) AS orders, SUM(amount) AS total, MAX(amount) AS largest
FROM line_items
GROUP BY customer;
