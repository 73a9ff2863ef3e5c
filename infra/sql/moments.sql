-- People about to meet an item that is new to them, in visits that began at @edge_ms or later: of a person @of_one moments
-- drawn by a hash, of people drawn by a hash of their keys, until there are @most. `number` tells the moments of a person apart.

WITH late_visits AS (
  SELECT person, visit
  FROM steps
  WHERE place = 1 AND occurred_ms >= @edge_ms
),

first_times AS (
  SELECT
    person,
    visit,
    item_id,
    occurred_ms,
    number
  FROM steps
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person, item_id ORDER BY number) = 1
),

asked AS (
  SELECT
    first_times.person,
    first_times.item_id,
    first_times.occurred_ms,
    first_times.number,
    TO_HEX(SHA256(first_times.person)) AS lot
  FROM first_times
  JOIN late_visits ON late_visits.person = first_times.person AND late_visits.visit = first_times.visit
  WHERE first_times.number > 1
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY first_times.person
      ORDER BY TO_HEX(SHA256(CONCAT(first_times.person, ' ', CAST(first_times.number AS STRING)))), first_times.number
    ) <= @of_one
)

SELECT
  person,
  item_id,
  occurred_ms,
  number
FROM asked
QUALIFY ROW_NUMBER() OVER (ORDER BY lot, person, number) <= @most
ORDER BY person, number
