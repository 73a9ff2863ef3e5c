-- The category of each item: the one that was last stated, by the catalogue or by an event.
--
-- Events state theirs on the topic `items`, too, but only when it is news to an instance of collect; the log of events
-- has every one, also those from before there was a table of items. The category of an event about several items is that
-- of most of them.

WITH stated AS (
  SELECT
    item_id,
    events_unique.category,
    events_unique.occurred_ms
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
  WHERE events_unique.category <> '' AND ARRAY_LENGTH(events_unique.item_ids) = 1

  UNION ALL

  SELECT
    items.item_id,
    items.category,
    DIV(UNIX_MICROS(items.stated_at), 1000) AS occurred_ms
  FROM items
  WHERE items.category <> '' AND items.stated_at <= @cutoff
)

SELECT
  item_id,
  category
FROM stated
QUALIFY ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY occurred_ms DESC, category DESC) = 1
ORDER BY item_id
