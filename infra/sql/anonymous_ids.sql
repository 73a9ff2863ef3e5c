-- Every anonymous id that nobody has claimed, and whether all it ever did was to open one page or item.

SELECT
  CONCAT('a:', events.anonymous_id) AS person,
  MIN(events.context.user_agent) AS user_agent,
  MIN(events.context.source) AS source,
  COUNT(DISTINCT events.event_id) = 1 AND MIN(events.kind) IN ('page_view', 'item_view') AS is_one_hit
FROM events
WHERE events.anonymous_id IS NOT NULL
GROUP BY events.anonymous_id
HAVING MAX(events.user_id) IS NULL
