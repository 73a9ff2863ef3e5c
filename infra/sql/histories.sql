-- What had happened before each of the moments, whose item is `target_id`: the items that the person had acted on, with
-- their interest as of then (interest.sql), and how many other items the person had met since.

WITH acts AS (
  SELECT
    moments.person,
    moments.number,
    moments.item_id AS target_id,
    known_id AS item_id,
    events_unique.weight,
    events_unique.revisit,
    events_unique.occurred_ms
  FROM moments
  JOIN events_unique ON events_unique.person = moments.person AND events_unique.occurred_ms < moments.occurred_ms
  CROSS JOIN UNNEST(events_unique.item_ids) AS known_id
  WHERE events_unique.weight <> 0 OR events_unique.revisit IS NOT NULL
),

days AS (
  SELECT
    person,
    number,
    target_id,
    item_id,
    DIV(occurred_ms, 86400000) AS day,
    MAX(revisit) AS revisit
  FROM acts
  WHERE revisit IS NOT NULL
  GROUP BY person, number, target_id, item_id, day
  QUALIFY day < MAX(day) OVER (PARTITION BY person, number, item_id)
),

signs AS (
  SELECT
    person,
    number,
    target_id,
    item_id,
    weight,
    occurred_ms,
    IF(revisit IS NULL, NULL, occurred_ms) AS met_ms
  FROM acts

  UNION ALL

  SELECT
    person,
    number,
    target_id,
    item_id,
    revisit AS weight,
    day * 86400000 AS occurred_ms,
    NULL AS met_ms
  FROM days
),

aged AS (
  SELECT
    *,
    occurred_ms - MAX(IF(weight <> 0, occurred_ms, NULL)) OVER (PARTITION BY person, number) AS age_ms
  FROM signs
),

sums AS (
  SELECT
    person,
    number,
    target_id,
    item_id,
    ROUND(SUM(weight * POW(2.0, age_ms / @half_life_ms)), 9) AS weight,
    MAX(met_ms) AS met_ms
  FROM aged
  GROUP BY person, number, target_id, item_id
)

SELECT
  person,
  number,
  target_id,
  item_id,
  weight,
  ROW_NUMBER() OVER (PARTITION BY person, number ORDER BY met_ms DESC, item_id) - 1 AS place
FROM sums
ORDER BY person, number, item_id
