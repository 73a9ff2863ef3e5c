-- How many rows of the log are of the people in `marks`, and when their first event happened.
-- `marks` stands for a table of (is_user, hash, until): the hash of an id, and until when rows are meant. An event that
-- was received by then is meant, too, whatever its sender's clock said.

SELECT
  'events' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(e.occurred_at)), 1000) AS first_ms
FROM events AS e
JOIN `marks` AS m
  ON m.is_user = (e.user_id IS NOT NULL) AND m.hash = TO_HEX(SHA256(COALESCE(e.user_id, e.anonymous_id)))
WHERE LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until

UNION ALL

SELECT
  'decisions' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(d.decided_at)), 1000) AS first_ms
FROM decisions AS d
JOIN `marks` AS m
  ON m.is_user = (d.user_id IS NOT NULL) AND m.hash = TO_HEX(SHA256(COALESCE(d.user_id, d.anonymous_id)))
WHERE d.decided_at <= m.until
