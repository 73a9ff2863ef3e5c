-- Where people went from each state, and from each pair of states met one after the other (of a facet the most frequent pairs,
-- each with all its moves, @pairs moves at most), in visits that had ended by @known_ms: how often, how many people, how many of the moves were in visits that converted
-- then or later, and after how long half and nine in ten had gone (ms, by nearest rank). previous_state is NULL where it does
-- not matter.

WITH walked AS (
  SELECT
    facet,
    person,
    place,
    previous_state,
    state,
    next_state,
    next_ms - occurred_ms AS wait_ms,
    converted_ms IS NOT NULL AS converts
  FROM path_steps
  WHERE last_ms + @gap_ms <= @known_ms
),

moves AS (
  SELECT facet, person, state, next_state, wait_ms, converts FROM walked
  UNION ALL
  SELECT facet, person, '(start)' AS state, state AS next_state, CAST(NULL AS INT64) AS wait_ms, converts
  FROM walked
  WHERE place = 1
),

ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY facet, state, next_state ORDER BY wait_ms) AS number,
    COUNT(*) OVER (PARTITION BY facet, state, next_state) AS total
  FROM moves
),

singles AS (
  SELECT
    facet,
    CAST(NULL AS STRING) AS previous_state,
    state,
    next_state,
    COUNT(*) AS moves,
    COUNT(DISTINCT person) AS people,
    COUNTIF(converts) AS converted,
    MIN(IF(2 * number >= total, wait_ms, NULL)) AS median_ms,
    MIN(IF(10 * number >= 9 * total, wait_ms, NULL)) AS p90_ms
  FROM ranked
  GROUP BY facet, state, next_state
),

pairs AS (
  SELECT
    facet,
    previous_state,
    state,
    next_state,
    COUNT(*) AS moves,
    COUNT(DISTINCT person) AS people,
    COUNTIF(converts) AS converted
  FROM walked
  GROUP BY facet, previous_state, state, next_state
),

contexts AS (
  SELECT
    *,
    SUM(moves) OVER (PARTITION BY facet, previous_state, state) AS total,
    COUNT(*) OVER (PARTITION BY facet, previous_state, state) AS nexts
  FROM pairs
),

whole AS (
  SELECT *
  FROM contexts
  QUALIFY RANK() OVER (PARTITION BY facet ORDER BY total DESC, state, previous_state) + nexts - 1 <= @pairs
)

SELECT * FROM singles
UNION ALL
SELECT * EXCEPT (total, nexts), CAST(NULL AS INT64) AS median_ms, CAST(NULL AS INT64) AS p90_ms FROM whole
ORDER BY facet, state, previous_state, next_state
