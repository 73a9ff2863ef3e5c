-- The rows of `decisions` from @start until before @end that are of the people in `marks`; see privacy_count.sql.

SELECT *
FROM decisions AS d
WHERE
  d.decided_at >= @start
  AND d.decided_at < @end
  AND (
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
  )
ORDER BY d.decided_at
