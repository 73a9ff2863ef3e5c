-- How much each person is interested in each item they have met: signed weights, halved for every @half_life_ms of age;
-- and when they last met it (`met_ms`).
--
-- Age is counted back from the person's own last act on an item (`last_ms`). A value at another time differs by one factor
-- for all items of a person, so nothing is lost; counted from @cutoff, whoever has been away for long would underflow to nought.
--
-- Each day (UTC) on which an item was met but the last adds the bonus of repeat visits, decayed from the day's beginning
-- (shared/profiles/visits.py).

WITH acts AS (
  SELECT
    events_unique.person,
    item_id,
    events_unique.weight,
    events_unique.revisit,
    events_unique.occurred_ms
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
  WHERE events_unique.weight <> 0 OR events_unique.revisit IS NOT NULL
),

days AS (
  SELECT
    person,
    item_id,
    DIV(occurred_ms, 86400000) AS day,
    MAX(revisit) AS revisit
  FROM acts
  WHERE revisit IS NOT NULL
  GROUP BY person, item_id, day
  QUALIFY day < MAX(day) OVER (PARTITION BY person, item_id)
),

signs AS (
  SELECT person, item_id, weight, occurred_ms, IF(revisit IS NULL, NULL, occurred_ms) AS met_ms FROM acts
  UNION ALL
  SELECT person, item_id, revisit AS weight, day * 86400000 AS occurred_ms, NULL AS met_ms FROM days
),

aged AS (
  SELECT
    person,
    item_id,
    weight,
    occurred_ms,
    met_ms,
    MAX(occurred_ms) OVER (PARTITION BY person) AS last_ms
  FROM signs
  WHERE weight <> 0
),

sums AS (
  SELECT
    person,
    item_id,
    ROUND(SUM(weight * POW(2.0, (occurred_ms - last_ms) / @half_life_ms)), 9) AS total,
    MAX(last_ms) AS last_ms,
    MAX(met_ms) AS met_ms
  FROM aged
  GROUP BY person, item_id
)

SELECT
  person,
  item_id,
  total AS weight,
  last_ms,
  met_ms
FROM sums
WHERE total > 0
