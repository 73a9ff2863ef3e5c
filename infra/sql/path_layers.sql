-- How visits flow through their first five steps, for a picture: from each of the @drawn states met in most of them (and the
-- others together) to the next one, and after the fifth step to how the visit ended. Flows of fewer than @people people are
-- left out.

WITH begun AS (
  SELECT facet, person, visit, place, state, next_state, converted_ms
  FROM path_steps
  WHERE place <= 5
),

drawn AS (
  SELECT facet, state
  FROM begun
  WHERE state <> '(other)'
  GROUP BY facet, state
  QUALIFY ROW_NUMBER() OVER (PARTITION BY facet ORDER BY COUNT(*) DESC, state) <= @drawn
),

flows AS (
  SELECT
    begun.facet,
    begun.person,
    begun.place,
    COALESCE(here.state, '(other)') AS state,
    CASE
      WHEN begun.next_state IN ('(left)', '(converted)') THEN begun.next_state
      WHEN begun.place = 5 THEN IF(begun.converted_ms IS NULL, '(left)', '(converted)')
      ELSE COALESCE(there.state, '(other)')
    END AS next_state
  FROM begun
  LEFT JOIN drawn AS here ON here.facet = begun.facet AND here.state = begun.state
  LEFT JOIN drawn AS there ON there.facet = begun.facet AND there.state = begun.next_state
)

SELECT
  facet,
  place,
  state,
  next_state,
  COUNT(*) AS visits
FROM flows
GROUP BY facet, place, state, next_state
HAVING COUNT(DISTINCT person) >= @people
ORDER BY facet, place, visits DESC, state, next_state
