-- What the log knows of an item: the category it was last seen with.

SELECT
  item_id,
  events_unique.category
FROM events_unique
CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
WHERE events_unique.category <> ''
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY item_id ORDER BY events_unique.occurred_ms DESC, events_unique.category, events_unique.event_id
  ) = 1
ORDER BY item_id
