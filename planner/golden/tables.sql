CREATE TABLE orders (
  id BIGINT,
  product STRING,
  quantity INT NOT NULL,
  price DECIMAL(10, 2),
  ts TIMESTAMP(3),
  address ROW<street STRING, city ROW<name STRING, zip INT NOT NULL> NOT NULL>,
  tags ARRAY<STRING>,
  total AS price * quantity,
  arrived AS PROCTIME(),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'append', 'path' = '/orders');

CREATE TABLE raw_events (
  k STRING,
  v BIGINT,
  happened STRING,
  written TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  event_time AS CAST(happened AS TIMESTAMP(3)),
  WATERMARK FOR event_time AS event_time
) WITH ('connector' = 'append', 'scan.watermark.emit.strategy' = 'on-event', 'scan.watermark.idle-timeout' = '10 s');

CREATE TABLE plain (a INT, b STRING, c DOUBLE, d DATE, t TIMESTAMP(3)) WITH ('connector' = 'append');

CREATE TABLE whole (a INT, b STRING, c DOUBLE) WITH ('connector' = 'whole');

CREATE TABLE users (id BIGINT, name STRING, age INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert');

CREATE TABLE accounts (id BIGINT, owner STRING, balance DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'cdc');

CREATE TABLE log (a INT, b STRING) WITH ('connector' = 'append');

CREATE TABLE totals (product STRING, n BIGINT, PRIMARY KEY (product) NOT ENFORCED) WITH ('connector' = 'upsert');

CREATE TABLE by_name (name STRING, id BIGINT, PRIMARY KEY (name) NOT ENFORCED) WITH ('connector' = 'upsert');

CREATE TABLE changes (k STRING, n BIGINT) WITH ('connector' = 'retract');

CREATE TABLE strict (a BIGINT NOT NULL, b STRING, c INT, `timestamp` TIMESTAMP_LTZ(3) METADATA, twice AS c * 2) PARTITIONED BY (b) WITH ('connector' = 'append');

CREATE TABLE per_minute (window_start TIMESTAMP(3), window_end TIMESTAMP(3), product STRING, revenue DECIMAL(38, 2)) WITH ('connector' = 'append');

CREATE VIEW expensive AS SELECT id, product, price, ts FROM orders WHERE price > 100;

CREATE VIEW broken AS SELECT nothing FROM orders;

CREATE TABLE versions (id BIGINT, v INT, ts TIMESTAMP(3), up AS v + 1, at_day AS CAST(ts AS DATE), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts) WITH ('connector' = 'upsert');

CREATE VIEW looped AS SELECT * FROM looped;

CREATE TABLE nested (r ROW<x INT, y ROW<z STRING>>, l ARRAY<STRING>, m MAP<STRING, BIGINT>) WITH ('connector' = 'append');

CREATE TABLE plain_orders (id BIGINT, product STRING, price DECIMAL(10, 2)) WITH ('connector' = 'append');

CREATE VIEW best AS SELECT product, ROW_NUMBER() OVER (ORDER BY price DESC) AS n FROM plain_orders;

CREATE VIEW ordered AS SELECT a FROM plain ORDER BY a;

CREATE TABLE top_counts (product STRING, id BIGINT, n BIGINT, PRIMARY KEY (product, id) NOT ENFORCED) WITH ('connector' = 'upsert');

CREATE TABLE by_id (id BIGINT, product STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert');

CREATE TABLE shipments (order_id BIGINT, carrier STRING, weight INT, ts TIMESTAMP(3), arrived AS PROCTIME(), WATERMARK FOR ts AS ts) WITH ('connector' = 'append');

CREATE TABLE logged (id BIGINT, ts TIMESTAMP_LTZ(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'append');

CREATE TABLE changing_versions (id BIGINT, v INT, ts TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts) WITH ('connector' = 'cdc');

CREATE TABLE looked_up (id BIGINT, name STRING, age INT, twice AS age * 2, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'lookup');
