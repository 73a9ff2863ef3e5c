-- Erased users of whom the log has rows that name a device, too: which it was may be news; see privacy_count.sql.

SELECT DISTINCT e.user_id
FROM events AS e
WHERE
  e.anonymous_id IS NOT NULL
  AND EXISTS (
    SELECT 1
    FROM `marks` AS m
    WHERE
      m.kind = 'u'
      AND m.hash = TO_HEX(SHA256(e.user_id))
      AND LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until
  )
