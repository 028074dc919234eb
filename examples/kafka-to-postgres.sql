-- Kafka to PostgreSQL, exactly once: killed at any moment and started again with the same command, the tables end up
-- as if nothing had happened.
--
-- Needs a broker on 127.0.0.1:9092 with a topic "orders" of records such as
--   {"order_id":1,"customer":"Ada","product":"tea","quantity":2,"price":2.80,"ordered_at":"2026-03-02 07:00:00.120"}
-- and a database "shop" on 127.0.0.1:5432 with
--   CREATE TABLE revenue_per_minute (window_start timestamp(3), product text, orders bigint, revenue numeric(38,2),
--     PRIMARY KEY (window_start, product));
--   CREATE TABLE customer_totals (customer text PRIMARY KEY, orders bigint, total numeric(38,2));

SET 'execution.checkpointing.interval' = '1 s';

CREATE TABLE orders (
  order_id   BIGINT,
  customer   STRING,
  product    STRING,
  quantity   INT,
  price      DECIMAL(8, 2),
  ordered_at TIMESTAMP(3),
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.group.id' = 'millrace-example',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'scan.watermark.emit.strategy' = 'on-event'
);

CREATE TABLE revenue_per_minute (
  window_start TIMESTAMP(3),
  product      STRING,
  orders       BIGINT,
  revenue      DECIMAL(38, 2),
  PRIMARY KEY (window_start, product) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:postgresql://127.0.0.1:5432/shop',
  'table-name' = 'revenue_per_minute',
  'username' = 'postgres',
  'password' = 'postgres'
);

CREATE TABLE customer_totals (
  customer STRING,
  orders   BIGINT,
  total    DECIMAL(38, 2),
  PRIMARY KEY (customer) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:postgresql://127.0.0.1:5432/shop',
  'table-name' = 'customer_totals',
  'username' = 'postgres',
  'password' = 'postgres'
);

EXECUTE STATEMENT SET
BEGIN
  INSERT INTO revenue_per_minute
  SELECT window_start, product, COUNT(*), SUM(price * quantity)
  FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
  WHERE quantity > 0
  GROUP BY window_start, window_end, product;

  INSERT INTO customer_totals
  SELECT customer, COUNT(*), SUM(price * quantity)
  FROM orders
  WHERE quantity > 0
  GROUP BY customer;
END;
