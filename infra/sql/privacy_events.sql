-- The rows of `events` from @start until before @end that are of the people in `marks`; see privacy_count.sql.

SELECT *
FROM events AS e
WHERE
  e.occurred_at >= @start
  AND e.occurred_at < @end
  AND (
    EXISTS (
      SELECT 1
      FROM `marks` AS m
      WHERE
        m.kind = IF(e.user_id IS NULL, 's', 'u')
        AND m.hash = TO_HEX(SHA256(COALESCE(e.user_id, e.anonymous_id)))
        AND LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
    )
    OR EXISTS (
      SELECT 1
      FROM `marks` AS m
      WHERE m.kind = 'a' AND m.hash = TO_HEX(SHA256(e.anonymous_id)) AND LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
    )
  )
ORDER BY e.occurred_at
