-- The matrix of people and items that neighbours are found in: roots of each person's @items_per_person strongest
-- interests, so that a purchase says more than a view, but not five times as much.
-- A crawler that opens everything would otherwise make every item a neighbour of every other, at quadratic cost. `last_ms`: the person's last act.
-- `place`: of how many of their items the person has met since.

SELECT
  person,
  item_id,
  ROUND(SQRT(interest.weight), 9) AS weight,
  last_ms,
  ROW_NUMBER() OVER (PARTITION BY person ORDER BY met_ms DESC, item_id) - 1 AS place
FROM interest
WHERE interest.weight > 0
QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY interest.weight DESC, item_id) <= @items_per_person
ORDER BY person, item_id
