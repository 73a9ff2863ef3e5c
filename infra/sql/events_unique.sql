-- Every event that may be learned from, once: it had occurred by @cutoff, and its person allows it.
--
-- weight, engagement: as shared/events/kinds.weigh gives them; the numbers are those of the table `kinds`.
-- consent: BigQuery keeps no difference between an empty array and none, so an empty one reads as not stated.

SELECT
  events.event_id,
  events.kind,
  IF(events.user_id IS NULL, CONCAT('a:', events.anonymous_id), CONCAT('u:', events.user_id)) AS person,
  DIV(UNIX_MICROS(events.occurred_at), 1000) AS occurred_ms,
  events.item_ids,
  events.category,
  CASE
    WHEN events.dwell_s < kinds.quick_exit_s THEN -1.0
    ELSE
      kinds.weight * LEAST(GREATEST(COALESCE(events.quantity, 1.0), 1.0), kinds.units_cap)
      + IF(events.scroll_depth >= kinds.deep_scroll, 0.5, 0.0)
      + IF(events.dwell_s > kinds.long_dwell_s, 1.0, 0.0)
  END AS weight,
  CASE
    WHEN events.dwell_s < kinds.quick_exit_s THEN 'passive'
    WHEN events.dwell_s > kinds.long_dwell_s OR events.dwell_s >= kinds.active_dwell_s THEN 'active'
    ELSE kinds.engagement
  END AS engagement
FROM events
JOIN kinds ON kinds.kind = events.kind
WHERE
  events.occurred_at <= @cutoff
  AND IF(ARRAY_LENGTH(events.consent) > 0, 'personalization' IN UNNEST(events.consent), NOT @require_consent)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY events.event_id
    ORDER BY
      COALESCE(events.received_at, events.occurred_at), events.occurred_at, events.kind, events.user_id, events.anonymous_id
  ) = 1
