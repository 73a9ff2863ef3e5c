-- How many rows of the log are of the people in `marks`, and when their first event happened.
-- `marks` stands for a table of (mark, until): the hash of a person's key, and until when rows are meant. An event that
-- was received by then is meant, too, whatever its sender's clock said.

SELECT
  'events' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(e.occurred_at)), 1000) AS first_ms
FROM events AS e
JOIN `marks` AS m
  ON m.mark = TO_HEX(SHA256(IF(e.user_id IS NULL, CONCAT('a:', e.anonymous_id), CONCAT('u:', e.user_id))))
WHERE LEAST(e.occurred_at, COALESCE(e.received_at, e.occurred_at)) <= m.until

UNION ALL

SELECT
  'decisions' AS place,
  COUNT(*) AS n,
  DIV(UNIX_MICROS(MIN(d.decided_at)), 1000) AS first_ms
FROM decisions AS d
JOIN `marks` AS m
  ON m.mark = TO_HEX(SHA256(IF(d.user_id IS NULL, CONCAT('a:', d.anonymous_id), CONCAT('u:', d.user_id))))
WHERE d.decided_at <= m.until
