-- What personas are told by, for everyone who has acted by @cutoff: shared/profiles/face.features, from the log.
--
-- A session ends with @gap_ms of silence; an unbroken one counts once for each started @cap_ms (shared/profiles/sessions.py).

WITH acts AS (
  SELECT
    person,
    occurred_ms,
    kind,
    engagement,
    LAG(occurred_ms) OVER (PARTITION BY person ORDER BY occurred_ms) AS previous_ms
  FROM events_unique
  WHERE engagement <> 'none'
),

numbered AS (
  SELECT
    person,
    occurred_ms,
    kind,
    engagement,
    SUM(IF(occurred_ms - previous_ms < @gap_ms, 0, 1)) OVER (
      PARTITION BY person ORDER BY occurred_ms ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS session
  FROM acts
),

sessions AS (
  SELECT
    person,
    MAX(occurred_ms) AS end_ms,
    MAX(occurred_ms) - MIN(occurred_ms) AS length_ms,
    GREATEST(COUNTIF(kind = 'page_view'), COUNTIF(kind = 'item_view')) AS pages,
    COUNT(*) AS acts,
    COUNTIF(engagement = 'high_intent') AS high_intent,
    COUNTIF(engagement IN ('active', 'high_intent')) AS active
  FROM numbered
  GROUP BY person, session
),

people AS (
  SELECT
    person,
    SUM(1 + DIV(length_ms, @cap_ms)) AS sessions,
    SUM(length_ms) AS length_ms,
    SUM(pages) AS pages,
    SUM(acts) AS acts,
    SUM(high_intent) AS high_intent,
    SUM(active) AS active,
    MAX(end_ms) AS last_ms
  FROM sessions
  GROUP BY person
)

SELECT
  person,
  ROUND(length_ms / 1000 / sessions, 9) AS avg_session_s,
  ROUND(pages / sessions, 9) AS pages_per_session,
  CAST(pages AS FLOAT64) AS page_views,
  CAST(high_intent AS FLOAT64) AS high_intent,
  ROUND(active / acts, 9) AS active,
  CAST(sessions AS FLOAT64) AS sessions,
  ROUND((UNIX_MICROS(@cutoff) - 1000 * last_ms) / 86400000000, 9) AS recency_days
FROM people
ORDER BY person
