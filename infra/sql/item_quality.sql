-- Whether people stay with an item or leave it. Each person has one voice for an item: they left it if they dismissed it, or
-- made a quick exit and never stayed; they stayed if an act on it was active or of high intent.

WITH voices AS (
  SELECT
    events_unique.person,
    item_id,
    LOGICAL_OR(events_unique.kind = 'dismiss') AS dismissed,
    LOGICAL_OR(events_unique.engagement = 'passive' AND events_unique.weight < 0) AS left_at_once,
    LOGICAL_OR(
      events_unique.engagement IN ('active', 'high_intent')
      AND events_unique.weight > 0
      AND (events_unique.revisit IS NOT NULL OR events_unique.kind = 'dwell')
    ) AS stayed
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
  GROUP BY events_unique.person, item_id
),

counted AS (
  SELECT
    item_id,
    COUNTIF(stayed AND NOT dismissed) AS stayed,
    COUNTIF(dismissed OR (left_at_once AND NOT stayed)) AS left_it
  FROM voices
  GROUP BY item_id
)

SELECT
  item_id,
  stayed,
  left_it
FROM counted
WHERE stayed + left_it > 0
ORDER BY item_id
