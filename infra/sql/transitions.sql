-- Which items people go to from an item within a visit: the @nexts likeliest of each, as relative weights.
--
-- An item met d steps later counts 1 / d, up to @reach steps; one met before, @backwards of that. Each person counts once
-- for a pair of items, with the best they show, halved for every age of a quarter of the log, but not sooner than interest is.

WITH aged AS (
  SELECT
    *,
    occurred_ms - MAX(occurred_ms) OVER () AS age_ms,
    MAX(occurred_ms) OVER () - MIN(occurred_ms) OVER () AS span_ms
  FROM steps
),

dated AS (
  SELECT
    *,
    POW(2.0, age_ms / GREATEST(@half_life_ms, DIV(span_ms, 4))) AS freshness
  FROM aged
),

pairs AS (
  SELECT
    earlier.person,
    earlier.item_id,
    later.item_id AS next_id,
    later.freshness / (later.place - earlier.place) AS weight
  FROM dated AS earlier
  JOIN dated AS later
    ON
      later.person = earlier.person
      AND later.visit = earlier.visit
      AND later.place > earlier.place
      AND later.place <= earlier.place + @reach
  WHERE later.item_id <> earlier.item_id
),

both_ways AS (
  SELECT person, item_id, next_id, weight FROM pairs
  UNION ALL
  SELECT person, next_id AS item_id, item_id AS next_id, @backwards * weight AS weight FROM pairs
),

shown AS (
  SELECT person, item_id, next_id, MAX(weight) AS weight
  FROM both_ways
  GROUP BY person, item_id, next_id
)

SELECT
  item_id,
  next_id,
  ROUND(SUM(weight), 6) AS weight
FROM shown
GROUP BY item_id, next_id
HAVING ROUND(SUM(weight), 6) > 0
QUALIFY ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY ROUND(SUM(weight), 6) DESC, next_id) <= @nexts
ORDER BY item_id, weight DESC, next_id
