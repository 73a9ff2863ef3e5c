-- Deletes the rows that privacy_count.sql counts.

DELETE FROM events AS e
WHERE EXISTS (
  SELECT 1
  FROM `marks` AS m
  WHERE
    m.mark = TO_HEX(SHA256(IF(e.user_id IS NULL, CONCAT('a:', e.anonymous_id), CONCAT('u:', e.user_id))))
    AND LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
);

DELETE FROM decisions AS d
WHERE EXISTS (
  SELECT 1
  FROM `marks` AS m
  WHERE
    m.mark = TO_HEX(SHA256(IF(d.user_id IS NULL, CONCAT('a:', d.anonymous_id), CONCAT('u:', d.user_id))))
    AND d.decided_at <= m.until
);
