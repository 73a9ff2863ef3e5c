-- In which hours (since 1970) the people in `marks` have rows in `events`, and how many; see privacy_count.sql.

SELECT
  DIV(UNIX_SECONDS(e.occurred_at), 3600) AS hour,
  COUNT(*) AS n
FROM events AS e
JOIN `marks` AS m
  ON m.is_user = (e.user_id IS NOT NULL) AND m.hash = TO_HEX(SHA256(COALESCE(e.user_id, e.anonymous_id)))
WHERE LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
GROUP BY hour
ORDER BY hour
