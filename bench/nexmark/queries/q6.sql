-- Average selling price of each seller's last 10 closed auctions. The original asks for an OVER aggregate of a changing
-- input, which Flink does not have; this is its usual form as Top-N and GROUP BY, in an order without ties.

CREATE TABLE nexmark_q6 (
  seller BIGINT,
  avg_price BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO nexmark_q6
SELECT Q.seller, AVG(Q.price)
FROM (
  SELECT
    W.seller,
    W.price,
    ROW_NUMBER() OVER (PARTITION BY W.seller ORDER BY W.`dateTime` DESC, W.id DESC) AS closed
  FROM (
    SELECT
      A.id,
      A.seller,
      B.price,
      B.`dateTime`,
      ROW_NUMBER() OVER (PARTITION BY A.id, A.seller ORDER BY B.price DESC, B.`dateTime` ASC) AS rownum
    FROM auction AS A, bid AS B
    WHERE A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires
  ) AS W
  WHERE W.rownum <= 1
) AS Q
WHERE Q.closed <= 10
GROUP BY Q.seller;
