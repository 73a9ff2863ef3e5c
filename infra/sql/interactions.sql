-- The matrix of people and items that neighbours are found in: each person's @items_per_person strongest interests.
-- A crawler that opens everything would otherwise make every item a neighbour of every other, at quadratic cost.

SELECT
  person,
  item_id,
  weight
FROM interest
WHERE weight > 0
QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY weight DESC, item_id) <= @items_per_person
ORDER BY person, item_id
