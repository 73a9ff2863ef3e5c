-- Everybody's way through the states of each facet, in visits that had ended by @cutoff: where each step came from, where it
-- led to, and when. A state met several times in a row counts once, the first time.

WITH placed AS (
  SELECT
    path_acts.*,
    COALESCE(named.name, folders.name, '(other)') AS state
  FROM path_acts
  LEFT JOIN path_states AS named ON named.facet = path_acts.facet AND named.name = path_acts.name
  LEFT JOIN path_states AS folders ON folders.facet = path_acts.facet AND folders.name = path_acts.folder
  WHERE path_acts.last_ms + @gap_ms <= DIV(UNIX_MICROS(@cutoff), 1000)
),

moved AS (
  SELECT
    *,
    LAG(state) OVER (PARTITION BY facet, person, visit ORDER BY number) AS before
  FROM placed
)

SELECT
  facet,
  person,
  visit,
  start_ms,
  last_ms,
  converted_ms,
  occurred_ms,
  state,
  ROW_NUMBER() OVER (PARTITION BY facet, person, visit ORDER BY number) AS place,
  COALESCE(
    LAG(state) OVER (PARTITION BY facet, person, visit ORDER BY number), '(start)'
  ) AS previous_state,
  COALESCE(
    LEAD(state) OVER (PARTITION BY facet, person, visit ORDER BY number),
    IF(converted_ms IS NULL, '(left)', '(converted)')
  ) AS next_state,
  COALESCE(
    LEAD(occurred_ms) OVER (PARTITION BY facet, person, visit ORDER BY number), converted_ms
  ) AS next_ms
FROM moved
WHERE before IS NULL OR before <> state
