-- What people did in the @window_ms after each snapshot; who did nothing has no row.

SELECT
  events_unique.person,
  propensity_snapshots.snapshot,
  COUNTIF(events_unique.kind = 'purchase') > 0 AS bought,
  COUNTIF(events_unique.engagement = 'high_intent') > 0 AS meant
FROM events_unique
JOIN propensity_snapshots
  ON
    events_unique.occurred_ms > propensity_snapshots.at_ms
    AND events_unique.occurred_ms <= propensity_snapshots.at_ms + @window_ms
WHERE events_unique.engagement <> 'none'
GROUP BY events_unique.person, propensity_snapshots.snapshot
