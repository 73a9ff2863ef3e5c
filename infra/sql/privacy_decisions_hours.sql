-- In which hours (since 1970) the people in `marks` have rows in `decisions`, and how many; see privacy_count.sql.

SELECT
  DIV(UNIX_SECONDS(d.decided_at), 3600) AS hour,
  COUNT(*) AS n
FROM decisions AS d
JOIN `marks` AS m
  ON m.is_user = (d.user_id IS NOT NULL) AND m.hash = TO_HEX(SHA256(COALESCE(d.user_id, d.anonymous_id)))
WHERE d.decided_at <= m.until
GROUP BY hour
ORDER BY hour
