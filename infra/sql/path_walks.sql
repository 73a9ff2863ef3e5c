-- The ways of visits that began after @known_ms, of people drawn by a hash of their keys, until there are @most steps in a facet.

WITH later AS (
  SELECT facet, person, visit, place, state, next_state
  FROM path_steps
  WHERE start_ms > @known_ms
),

people AS (
  SELECT facet, person, COUNT(*) AS steps, TO_HEX(SHA256(person)) AS lot
  FROM later
  GROUP BY facet, person
),

drawn AS (
  SELECT facet, person
  FROM people
  QUALIFY
    SUM(steps) OVER (PARTITION BY facet ORDER BY lot ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - steps < @most
)

SELECT
  later.facet,
  later.person,
  later.visit,
  later.place,
  later.state,
  later.next_state
FROM later
JOIN drawn ON drawn.facet = later.facet AND drawn.person = later.person
ORDER BY later.facet, later.person, later.visit, later.place
