-- What the fold needs of every event of these @people that may be learned from, in order of time.

SELECT
  events_unique.person,
  events_unique.event_id,
  events_unique.kind,
  events_unique.occurred_ms,
  events_unique.item_ids,
  events_unique.category,
  raw.quantity,
  raw.dwell_s,
  raw.duration_s,
  raw.scroll_depth
FROM events_unique
JOIN events AS raw ON raw.event_id = events_unique.event_id AND DIV(UNIX_MICROS(raw.occurred_at), 1000) = events_unique.occurred_ms
WHERE events_unique.person IN UNNEST(@people)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY events_unique.person, events_unique.event_id
    ORDER BY COALESCE(raw.received_at, raw.occurred_at), raw.occurred_at, raw.kind
  ) = 1
ORDER BY events_unique.person, events_unique.occurred_ms, events_unique.event_id
