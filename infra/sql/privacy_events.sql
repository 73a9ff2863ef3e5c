-- The rows of `events` from @start until before @end that are of the people in `marks`; see privacy_count.sql.

SELECT e.*
FROM events AS e
JOIN `marks` AS m
  ON m.mark = TO_HEX(SHA256(IF(e.user_id IS NULL, CONCAT('a:', e.anonymous_id), CONCAT('u:', e.user_id))))
WHERE
  e.occurred_at >= @start
  AND e.occurred_at < @end
  AND LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
ORDER BY e.occurred_at
