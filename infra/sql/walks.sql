-- The steps of visits that began at @edge_ms or later, of people drawn by a hash of their keys, until there are @most; but
-- the first step of a person, before which nothing is known.

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
