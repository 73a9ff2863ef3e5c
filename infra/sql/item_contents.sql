-- What is said of each item that could be recommended by @cutoff, the newest statement of each fact, and how many people had
-- met it. A fact that was cleared counts as never stated: the rows do not tell these apart.

WITH newest AS (
  SELECT
    items.item_id,
    ARRAY_AGG(items.name IGNORE NULLS ORDER BY items.stated_at DESC, items.name LIMIT 1)[SAFE_OFFSET(0)] AS name,
    ARRAY_AGG(items.brand IGNORE NULLS ORDER BY items.stated_at DESC, items.brand LIMIT 1)[SAFE_OFFSET(0)] AS brand,
    ARRAY_AGG(items.price IGNORE NULLS ORDER BY items.stated_at DESC, items.price LIMIT 1)[SAFE_OFFSET(0)] AS price,
    ARRAY_AGG(items.currency IGNORE NULLS ORDER BY items.stated_at DESC, items.currency LIMIT 1)[SAFE_OFFSET(0)] AS currency,
    ARRAY_AGG(
      NULLIF(ARRAY_TO_STRING(items.tags, '\n'), '') IGNORE NULLS
      ORDER BY items.stated_at DESC, ARRAY_TO_STRING(items.tags, '\n')
      LIMIT 1
    )[SAFE_OFFSET(0)] AS tags,
    ARRAY_AGG(items.hidden IGNORE NULLS ORDER BY items.stated_at DESC, items.hidden LIMIT 1)[SAFE_OFFSET(0)] AS hidden,
    ARRAY_AGG(items.expires_at IGNORE NULLS ORDER BY items.stated_at DESC, items.expires_at LIMIT 1)[SAFE_OFFSET(0)] AS expires_at,
    COALESCE(MAX(items.published_at), MIN(items.stated_at)) AS came_at
  FROM items
  WHERE items.stated_at <= @cutoff
  GROUP BY items.item_id
)

SELECT
  COALESCE(newest.item_id, item_facts.item_id) AS item_id,
  newest.name,
  newest.brand,
  newest.price,
  newest.currency,
  newest.tags,
  item_facts.category,
  COALESCE(met_items.people, 0) AS people,
  ROW_NUMBER() OVER (ORDER BY newest.came_at DESC, COALESCE(newest.item_id, item_facts.item_id)) AS age_rank
FROM newest
FULL JOIN item_facts ON item_facts.item_id = newest.item_id
LEFT JOIN met_items ON met_items.item_id = COALESCE(newest.item_id, item_facts.item_id)
WHERE NOT COALESCE(newest.hidden, FALSE) AND COALESCE(newest.expires_at > @cutoff, TRUE)
ORDER BY item_id
