-- Where people went from an item that they had come to from a certain other one: how many did, and to how many items.
--
-- Only ways that @people or more have gone: of an item the @ways most gone ones, of each way the @second_nexts likeliest items.

WITH triples AS (
  SELECT
    person,
    visit,
    item_id AS next_id,
    LAG(item_id) OVER (PARTITION BY person, visit ORDER BY place) AS item_id,
    LAG(item_id, 2) OVER (PARTITION BY person, visit ORDER BY place) AS previous_id
  FROM steps
),

counted AS (
  SELECT
    item_id,
    previous_id,
    next_id,
    COUNT(DISTINCT person) AS people
  FROM triples
  WHERE previous_id IS NOT NULL AND previous_id <> next_id
  GROUP BY item_id, previous_id, next_id
),

ways AS (
  SELECT
    *,
    SUM(people) OVER (PARTITION BY item_id, previous_id) AS total,
    COUNT(*) OVER (PARTITION BY item_id, previous_id) AS kinds,
    ROW_NUMBER() OVER (PARTITION BY item_id, previous_id ORDER BY people DESC, next_id) AS next_rank
  FROM counted
),

ranked AS (
  SELECT
    *,
    DENSE_RANK() OVER (PARTITION BY item_id ORDER BY total DESC, previous_id) AS way_rank
  FROM ways
  WHERE total >= @people
)

SELECT
  item_id,
  previous_id,
  next_id,
  people,
  total,
  kinds
FROM ranked
WHERE way_rank <= @ways AND next_rank <= @second_nexts
ORDER BY item_id, way_rank, next_rank
