-- Roots of interest summed over people, as of the newest act in the log: the @items strongest items, and the
-- @items_per_category strongest of each of the @categories strongest categories. `item_rank` is over all, `category_rank`
-- of the item's category. Popularity halves with every quarter of the log, but not sooner than interest does; a trend with
-- every @trend_ms: `trend` has it for the @trending strongest by that.

WITH spans AS (
  SELECT
    item_id,
    SQRT(weight) AS root,
    last_ms - MAX(last_ms) OVER () AS age_ms,
    MAX(last_ms) OVER () - MIN(last_ms) OVER () AS span_ms
  FROM interest
),

sums AS (
  SELECT
    item_id,
    ROUND(SUM(root * POW(2.0, age_ms / GREATEST(@half_life_ms, DIV(span_ms, 4)))), 9) AS score,
    ROUND(SUM(root * POW(2.0, age_ms / @trend_ms)), 9) AS trend
  FROM spans
  GROUP BY item_id
),

scored AS (
  SELECT
    sums.item_id,
    item_facts.category,
    sums.score,
    sums.trend
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
    scored.trend,
    categories.category_rank,
    ROW_NUMBER() OVER (ORDER BY scored.trend DESC, scored.item_id) AS trend_rank,
    ROW_NUMBER() OVER (ORDER BY scored.score DESC, scored.item_id) AS item_rank,
    ROW_NUMBER() OVER (PARTITION BY scored.category ORDER BY scored.score DESC, scored.item_id) AS rank_in_category
  FROM scored
  LEFT JOIN categories ON categories.category = scored.category
)

SELECT
  item_id,
  category,
  score,
  IF(trend_rank <= @trending AND trend > 0, trend, NULL) AS trend,
  item_rank,
  category_rank
FROM ranked
WHERE
  item_rank <= @items
  OR (trend_rank <= @trending AND trend > 0)
  OR (category_rank <= @categories AND rank_in_category <= @items_per_category)
ORDER BY item_rank
