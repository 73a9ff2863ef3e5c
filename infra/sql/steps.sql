-- Everybody's way through the items: each step to an item, in visits that end with @gap_ms of silence. An item met several
-- times in a row counts once, the first time. `place` counts the steps of the visit, `number` those of the person.

WITH acts AS (
  SELECT
    events_unique.person,
    item_id,
    events_unique.occurred_ms,
    events_unique.event_id,
    spot_in_event AS spot
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id WITH OFFSET AS spot_in_event
  WHERE events_unique.revisit IS NOT NULL
),

ordered AS (
  SELECT
    *,
    LAG(item_id) OVER (PARTITION BY person ORDER BY occurred_ms, event_id, spot) AS last_id,
    LAG(occurred_ms) OVER (PARTITION BY person ORDER BY occurred_ms, event_id, spot) AS last_ms
  FROM acts
),

visits AS (
  SELECT
    *,
    SUM(IF(occurred_ms - last_ms < @gap_ms, 0, 1)) OVER (
      PARTITION BY person ORDER BY occurred_ms, event_id, spot ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS visit
  FROM ordered
)

SELECT
  person,
  item_id,
  occurred_ms,
  event_id,
  visit,
  ROW_NUMBER() OVER (PARTITION BY person, visit ORDER BY occurred_ms, event_id, spot) AS place,
  ROW_NUMBER() OVER (PARTITION BY person ORDER BY occurred_ms, event_id, spot) AS number
FROM visits
WHERE last_id IS NULL OR item_id <> last_id OR occurred_ms - last_ms >= @gap_ms
