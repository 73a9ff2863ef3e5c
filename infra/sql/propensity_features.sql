-- What propensities are told by, as of each snapshot, of everyone who had acted within the @active_ms before it:
-- shared/models/propensity_features.py, from the log. Nothing after a snapshot enters its features.
--
-- Sessions are numbered once, for what comes later does not change where one began. Each is cut into pieces, one for each
-- snapshot that its acts are the first to be seen by; a snapshot then sees the pieces of its own number and of all older
-- ones. So acts are aggregated once, not once for each snapshot. 604,800,000 ms are a week, 2,419,200,000 are four.

WITH acts AS (
  SELECT
    events_unique.*,
    propensity_snapshots.at_ms - events_unique.occurred_ms AS age_ms,
    LAG(events_unique.occurred_ms) OVER (PARTITION BY events_unique.person ORDER BY events_unique.occurred_ms) AS previous_ms
  FROM events_unique
  JOIN propensity_snapshots ON propensity_snapshots.snapshot = 0 AND propensity_snapshots.at_ms >= events_unique.occurred_ms
  WHERE events_unique.engagement <> 'none'
),

numbered AS (
  SELECT
    acts.*,
    LEAST(DIV(age_ms, @step_ms), @snapshots - 1) AS seen_by,
    SUM(IF(occurred_ms - previous_ms < @gap_ms, 0, 1)) OVER (
      PARTITION BY person ORDER BY occurred_ms ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS session
  FROM acts
),

pieces AS (
  SELECT
    person,
    session,
    seen_by,
    MIN(occurred_ms) AS start_ms,
    MAX(occurred_ms) AS end_ms,
    MAX(IF(engagement = 'high_intent', occurred_ms, NULL)) AS intent_ms,
    COUNT(*) AS acts,
    COUNTIF(engagement = 'active') AS active,
    COUNTIF(engagement = 'high_intent') AS high_intent,
    COUNTIF(kind = 'page_view') AS page_views,
    COUNTIF(kind = 'item_view') AS item_views,
    COUNTIF(kind NOT IN ('page_view', 'item_view', 'scroll', 'dwell')) AS other_acts,
    COUNTIF(kind = 'add_to_cart') AS cart_acts,
    COUNTIF(kind = 'begin_checkout') AS checkouts,
    COUNTIF(kind = 'purchase') AS purchases,
    SUM(IF(kind = 'purchase', ROUND(COALESCE(value, 0.0) * 1000), 0.0)) AS spent  -- thousandths, as profiles keep them
  FROM numbered
  GROUP BY person, session, seen_by
),

sessions AS (
  SELECT
    pieces.person,
    pieces.session,
    propensity_snapshots.snapshot,
    MIN(propensity_snapshots.at_ms) AS at_ms,
    MIN(start_ms) AS start_ms,
    MAX(end_ms) AS end_ms,
    MAX(end_ms) - MIN(start_ms) AS length_ms,
    MAX(intent_ms) AS intent_ms,
    SUM(acts) AS acts,
    SUM(active) AS active,
    SUM(high_intent) AS high_intent,
    GREATEST(SUM(page_views), SUM(item_views)) AS pages,
    SUM(other_acts) AS other_acts,
    SUM(cart_acts) AS cart_acts,
    SUM(checkouts) AS checkouts,
    SUM(purchases) AS purchases,
    SUM(spent) AS spent
  FROM pieces
  JOIN propensity_snapshots ON propensity_snapshots.snapshot <= pieces.seen_by
  GROUP BY pieces.person, pieces.session, propensity_snapshots.snapshot
),

people AS (
  SELECT
    person,
    snapshot,
    MIN(at_ms) AS at_ms,
    MIN(start_ms) AS first_ms,
    MAX(end_ms) AS last_ms,
    MAX(intent_ms) AS intent_ms,
    SUM(length_ms) AS length_ms,
    SUM(1 + DIV(length_ms, @cap_ms)) AS sessions,
    SUM(IF(high_intent > 0, 1 + DIV(length_ms, @cap_ms), 0)) AS high_intent_sessions,
    COUNTIF(pages = 1 AND other_acts = 0) AS bounces,
    COUNTIF(end_ms > at_ms - 604800000) AS sessions_7d,
    COUNTIF(end_ms > at_ms - 2419200000) AS sessions_28d,
    COUNT(DISTINCT IF(end_ms > at_ms - 2419200000, DIV(start_ms, 86400000), NULL)) AS days_28d,
    SUM(IF(end_ms > at_ms - 604800000, high_intent, 0)) AS high_intent_7d,
    SUM(acts) AS acts,
    SUM(active) AS active,
    SUM(high_intent) AS high_intent,
    SUM(pages) AS pages,
    SUM(cart_acts) AS cart_acts,
    SUM(checkouts) AS checkouts,
    SUM(purchases) AS purchases,
    SUM(spent) AS spent
  FROM sessions
  GROUP BY person, snapshot
)

SELECT
  person,
  snapshot,
  ROUND((at_ms - last_ms) / 86400000, 9) AS recency_days,
  ROUND((at_ms - first_ms) / 86400000, 9) AS tenure_days,
  CAST(sessions AS FLOAT64) AS sessions,
  CAST(sessions_7d AS FLOAT64) AS sessions_7d,
  ROUND(sessions_7d - (sessions_28d - sessions_7d) / 3, 9) AS trend,
  CAST(days_28d AS FLOAT64) AS days_28d,
  CAST(pages AS FLOAT64) AS page_views,
  ROUND(length_ms / 1000 / sessions, 9) AS avg_session_s,
  ROUND(bounces / sessions, 9) AS bounce_share,
  ROUND((active + high_intent) / acts, 9) AS active_share,
  CAST(high_intent AS FLOAT64) AS high_intent,
  CAST(high_intent_7d AS FLOAT64) AS high_intent_7d,
  ROUND(high_intent_sessions / sessions, 9) AS high_intent_share,
  ROUND(COALESCE(POW(2.0, (intent_ms - at_ms) / 604800000), 0.0), 9) AS intent_freshness,
  CAST(cart_acts AS FLOAT64) AS cart_acts,
  CAST(checkouts AS FLOAT64) AS checkouts,
  CAST(purchases AS FLOAT64) AS purchases,
  ROUND(spent / 1000, 9) AS spent
FROM people
WHERE last_ms > at_ms - @active_ms
