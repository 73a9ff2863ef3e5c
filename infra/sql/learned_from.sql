-- What a training has before it: for the cards of the models.

SELECT
  MIN(occurred_ms) AS since_ms,
  COUNT(*) AS events,
  COUNT(DISTINCT person) AS people
FROM events_unique
