-- How often each item was shown at each place of recommendations, by context, and how often it was then met: of what was
-- decided after @since and by @cutoff. An item was shown where an impression names the decision; however many do, that is
-- once, and so is whatever was done with it. `is_there`: whether it could be recommended by @cutoff.

WITH told AS (
  SELECT
    events_unique.decision_id,
    item_id,
    LOGICAL_OR(events_unique.revisit IS NOT NULL) AS is_met
  FROM events_unique
  CROSS JOIN UNNEST(events_unique.item_ids) AS item_id
  WHERE events_unique.kind = 'impression' OR events_unique.revisit IS NOT NULL
  GROUP BY events_unique.decision_id, item_id
  HAVING LOGICAL_OR(events_unique.kind = 'impression')
),

answered AS (
  SELECT
    d.decision_id,
    item.item_id,
    COALESCE(MIN(d.context), 'home') AS context,
    MIN(item.place) AS place
  FROM decisions AS d
  CROSS JOIN UNNEST(d.items) AS item
  WHERE d.decided_at > @since AND d.decided_at <= @cutoff
  GROUP BY d.decision_id, item.item_id
)

SELECT
  answered.context,
  answered.item_id,
  answered.place,
  COUNT(*) AS shown,
  COUNTIF(told.is_met) AS met,
  LOGICAL_OR(item_contents.item_id IS NOT NULL) AS is_there
FROM answered
JOIN told ON told.decision_id = answered.decision_id AND told.item_id = answered.item_id
LEFT JOIN item_contents ON item_contents.item_id = answered.item_id
GROUP BY answered.context, answered.item_id, answered.place
ORDER BY answered.context, answered.item_id, answered.place
