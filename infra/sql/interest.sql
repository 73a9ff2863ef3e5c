-- How much each person is interested in each item they have met: signed weights, halved for every @half_life_ms of age.
--
-- Age is counted back from the person's own last act on an item (`last_ms`). A value at another time differs by one factor
-- for all items of a person, so nothing is lost; counted from @cutoff, whoever has been away for long would underflow to nought.

WITH acts AS (
  SELECT
    events_unique.person,
    item_id,
    events_unique.weight,
    events_unique.occurred_ms,
    MAX(events_unique.occurred_ms) OVER (PARTITION BY events_unique.person) AS last_ms
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
  WHERE events_unique.weight <> 0
),

sums AS (
  SELECT
    person,
    item_id,
    ROUND(SUM(weight * POW(2.0, (occurred_ms - last_ms) / @half_life_ms)), 9) AS total,
    MAX(last_ms) AS last_ms
  FROM acts
  GROUP BY person, item_id
)

SELECT
  person,
  item_id,
  total AS weight,
  last_ms
FROM sums
WHERE total > 0
