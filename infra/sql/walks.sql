-- Steps of visits that began at @edge_ms or later, but the first of a person, before which nothing is known: of a person
-- @of_one steps drawn by a hash, of people drawn by a hash of their keys, until there are @most.

WITH late_visits AS (
  SELECT person, visit
  FROM steps
  WHERE place = 1 AND occurred_ms >= @edge_ms
),

asked AS (
  SELECT
    steps.person,
    steps.item_id,
    steps.occurred_ms,
    steps.event_id,
    steps.number
  FROM steps
  JOIN late_visits ON late_visits.person = steps.person AND late_visits.visit = steps.visit
  WHERE steps.number > 1
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY steps.person
      ORDER BY TO_HEX(SHA256(CONCAT(steps.person, ' ', CAST(steps.number AS STRING)))), steps.number
    ) <= @of_one
),

people AS (
  SELECT
    person,
    COUNT(*) AS steps,
    TO_HEX(SHA256(person)) AS lot
  FROM asked
  GROUP BY person
),

drawn AS (
  SELECT person
  FROM people
  QUALIFY SUM(steps) OVER (ORDER BY lot ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - steps < @most
)

SELECT
  asked.person,
  asked.item_id,
  asked.occurred_ms,
  asked.event_id
FROM asked
JOIN drawn ON drawn.person = asked.person
ORDER BY asked.person, asked.number
