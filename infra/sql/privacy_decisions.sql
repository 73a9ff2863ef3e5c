-- The rows of `decisions` from @start until before @end that are of the people in `marks`; see privacy_count.sql.

SELECT d.*
FROM decisions AS d
JOIN `marks` AS m
  ON m.mark = TO_HEX(SHA256(IF(d.user_id IS NULL, CONCAT('a:', d.anonymous_id), CONCAT('u:', d.user_id))))
WHERE
  d.decided_at >= @start
  AND d.decided_at < @end
  AND d.decided_at <= m.until
ORDER BY d.decided_at
