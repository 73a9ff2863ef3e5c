-- Which acts of high intent people have done: what converting may mean.

SELECT
  kind,
  COUNT(*) AS acts
FROM events_unique
WHERE engagement = 'high_intent'
GROUP BY kind
ORDER BY kind
