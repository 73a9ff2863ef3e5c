-- The rows of `decisions` from @start until before @end that are of the people in `marks`; see privacy_count.sql.

SELECT *
FROM decisions AS d
WHERE
  d.decided_at >= @start
  AND d.decided_at < @end
  AND EXISTS (
    SELECT 1
    FROM `marks` AS m
    WHERE
      m.mark = TO_HEX(SHA256(IF(d.user_id IS NULL, CONCAT('a:', d.anonymous_id), CONCAT('u:', d.user_id))))
      AND d.decided_at <= m.until
  )
ORDER BY d.decided_at
