-- In which hours (since 1970) the people in `marks` have rows in `events`, and how many; see privacy_count.sql.

SELECT
  DIV(UNIX_SECONDS(e.occurred_at), 3600) AS hour,
  COUNT(*) AS n
FROM events AS e
WHERE
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
GROUP BY hour
ORDER BY hour
