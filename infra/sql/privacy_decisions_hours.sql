-- In which hours (since 1970) the people in `marks` have rows in `decisions`, and how many; see privacy_count.sql.

SELECT
  DIV(UNIX_SECONDS(d.decided_at), 3600) AS hour,
  COUNT(*) AS n
FROM decisions AS d
WHERE
  EXISTS (
    SELECT 1
    FROM `marks` AS m
    WHERE
      m.kind = IF(d.user_id IS NULL, 's', 'u')
      AND m.hash = TO_HEX(SHA256(COALESCE(d.user_id, d.anonymous_id)))
      AND d.decided_at <= m.until
  )
  OR EXISTS (
    SELECT 1
    FROM `marks` AS m
    WHERE m.kind = 'a' AND m.hash = TO_HEX(SHA256(d.anonymous_id)) AND d.decided_at <= m.until
  )
GROUP BY hour
ORDER BY hour
