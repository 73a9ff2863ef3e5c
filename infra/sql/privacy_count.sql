-- How many rows of the log are of the people in `marks`, and when their first one was.
--
-- `marks` stands for a table of (kind, hash, until): the hash of an id and until when rows are meant. Kinds: u, a user; a, a
-- device, with every row that names it; s, a share of a device, with its rows that name no user. An event that was received
-- by then is meant, too, whatever its sender's clock said.

SELECT
  'events' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(e.occurred_at)), 1000) AS first_ms
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

UNION ALL

SELECT
  'decisions' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(d.decided_at)), 1000) AS first_ms
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
