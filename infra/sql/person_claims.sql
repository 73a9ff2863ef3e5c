-- Who ever named which device, and when first: all users of the @anonymous_ids, and of every device of the @user_ids.

WITH claims AS (
  SELECT
    e.user_id,
    e.anonymous_id,
    DIV(UNIX_MICROS(MIN(e.occurred_at)), 1000) AS first_ms
  FROM events AS e
  WHERE e.user_id IS NOT NULL AND e.anonymous_id IS NOT NULL
  GROUP BY e.user_id, e.anonymous_id
)

SELECT
  c.user_id,
  c.anonymous_id,
  c.first_ms
FROM claims AS c
WHERE
  c.anonymous_id IN UNNEST(@anonymous_ids)
  OR c.anonymous_id IN (SELECT d.anonymous_id FROM claims AS d WHERE d.user_id IN UNNEST(@user_ids))
ORDER BY c.anonymous_id, c.first_ms, c.user_id
