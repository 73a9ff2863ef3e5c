-- How often items were met, by the hour: where a log can be divided in time.

SELECT
  DIV(occurred_ms, 3600000) AS hour,
  COUNT(*) AS meetings
FROM events_unique
WHERE revisit IS NOT NULL
GROUP BY hour
ORDER BY hour
