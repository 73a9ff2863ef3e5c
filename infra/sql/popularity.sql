-- Interest summed over people, as of the newest act in the log: the @items strongest items, and the @items_per_category
-- strongest of each of the @categories strongest categories. `item_rank` is over all, `category_rank` of the item's category.

WITH present AS (
  SELECT
    item_id,
    weight * POW(2.0, (last_ms - MAX(last_ms) OVER ()) / @half_life_ms) AS present_weight
  FROM interest
),

sums AS (
  SELECT
    item_id,
    ROUND(SUM(present_weight), 9) AS score
  FROM present
  GROUP BY item_id
),

scored AS (
  SELECT
    sums.item_id,
    item_facts.category,
    sums.score
  FROM sums
  LEFT JOIN item_facts ON item_facts.item_id = sums.item_id
  WHERE sums.score > 0
),

categories AS (
  SELECT
    category,
    ROW_NUMBER() OVER (ORDER BY ROUND(SUM(score), 6) DESC, category) AS category_rank
  FROM scored
  WHERE category IS NOT NULL
  GROUP BY category
),

ranked AS (
  SELECT
    scored.item_id,
    scored.category,
    scored.score,
    categories.category_rank,
    ROW_NUMBER() OVER (ORDER BY scored.score DESC, scored.item_id) AS item_rank,
    ROW_NUMBER() OVER (PARTITION BY scored.category ORDER BY scored.score DESC, scored.item_id) AS rank_in_category
  FROM scored
  LEFT JOIN categories ON categories.category = scored.category
)

SELECT
  item_id,
  category,
  score,
  item_rank,
  category_rank
FROM ranked
WHERE item_rank <= @items OR (category_rank <= @categories AND rank_in_category <= @items_per_category)
ORDER BY item_rank
