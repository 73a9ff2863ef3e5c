-- What is said of each item that could be recommended by @cutoff, the newest statement of each fact, and how many people had
-- met it. A fact that was cleared counts as never stated: the rows do not tell these apart.
--
-- The newest items come first by `age_rank`: since they came out, else since somebody first met them, else since anything
-- was said of them, by anybody, also who is not learned from. Of what events say the table has what was news to an instance,
-- a matter of which batch came first; so it is the log that tells when an event first spoke of the item.

WITH said AS (
  SELECT
    items.item_id,
    items.stated_at,
    items.name,
    items.brand,
    items.price,
    items.currency,
    NULLIF(ARRAY_TO_STRING(items.tags, '\n'), '') AS tags,
    items.hidden,
    items.expires_at,
    items.published_at
  FROM items
  WHERE items.stated_at <= @cutoff
),

told AS (
  SELECT
    item_id,
    FIRST_VALUE(name IGNORE NULLS) OVER newest_first AS name,
    FIRST_VALUE(brand IGNORE NULLS) OVER newest_first AS brand,
    FIRST_VALUE(price IGNORE NULLS) OVER newest_first AS price,
    FIRST_VALUE(currency IGNORE NULLS) OVER newest_first AS currency,
    FIRST_VALUE(tags IGNORE NULLS) OVER newest_first AS tags,
    FIRST_VALUE(hidden IGNORE NULLS) OVER newest_first AS hidden,
    FIRST_VALUE(expires_at IGNORE NULLS) OVER newest_first AS expires_at,
    MAX(published_at) OVER newest_first AS published_at,
    ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY stated_at) AS number
  FROM said
  WINDOW newest_first AS (
    PARTITION BY item_id
    ORDER BY stated_at DESC, name, brand, price, currency, tags, hidden, expires_at
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  )
),

newest AS (
  SELECT *
  FROM told
  WHERE number = 1
),

spoken AS (
  SELECT item_id, stated_at AS at
  FROM said
  UNION ALL
  SELECT item_id, events.occurred_at AS at
  FROM events
  CROSS JOIN UNNEST(events.item_ids) AS item_id
  WHERE events.occurred_at <= @cutoff
),

spoken_of AS (
  SELECT item_id, MIN(at) AS first_at
  FROM spoken
  GROUP BY item_id
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
  ROW_NUMBER() OVER (
    ORDER BY
      COALESCE(
        DIV(UNIX_MICROS(newest.published_at), 1000), met_items.first_ms, DIV(UNIX_MICROS(spoken_of.first_at), 1000)
      ) DESC,
      COALESCE(newest.item_id, item_facts.item_id)
  ) AS age_rank
FROM newest
FULL JOIN item_facts ON item_facts.item_id = newest.item_id
LEFT JOIN met_items ON met_items.item_id = COALESCE(newest.item_id, item_facts.item_id)
LEFT JOIN spoken_of ON spoken_of.item_id = COALESCE(newest.item_id, item_facts.item_id)
WHERE NOT COALESCE(newest.hidden, FALSE) AND COALESCE(newest.expires_at > @cutoff, TRUE)
ORDER BY item_id
