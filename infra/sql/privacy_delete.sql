-- Deletes the rows that privacy_count.sql counts.

DELETE FROM events AS e
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
  );

DELETE FROM decisions AS d
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
  );
