-- How many people had met each item, and when one first had.

SELECT
  item_id,
  COUNT(DISTINCT person) AS people,
  MIN(occurred_ms) AS first_ms
FROM events_unique
CROSS JOIN UNNEST(item_ids) AS item_id
WHERE revisit IS NOT NULL
GROUP BY item_id
ORDER BY item_id
