-- Every event that may be learned from, once: it had occurred by @cutoff, its person allows it and is not in quarantine.
--
-- weight, engagement: as shared/events/kinds.weigh gives them; the numbers are those of the table `kinds`. A threshold of
-- a dwell is so many seconds or that share of the item's length, whichever is less.
-- revisit: the bonus of an item that is met again on another day; NULL if the event does not prove that it was met.
-- consent: what the event states decides, else what its person stated last before it; nobody who refused last is learned
-- from (shared/profiles/consent.py). A statement is a number: its instant, and whether it refuses as the last bit. BigQuery
-- keeps no difference between an empty array and none, so an empty one reads as not stated.

WITH told AS (
  SELECT
    events.*,
    kinds.* EXCEPT (kind),
    events.context.page_url AS page_url,
    COALESCE(NULLIF(events.duration_s, 0), kinds.length_s) AS takes_s,
    CASE
      WHEN events.user_id IS NOT NULL THEN CONCAT('u:', events.user_id)
      WHEN devices.until_ms <= DIV(UNIX_MICROS(events.occurred_at), 1000) THEN CONCAT('a:', events.anonymous_id)
      WHEN devices.owner IS NOT NULL THEN CONCAT('u:', devices.owner)
      ELSE CONCAT('a:', events.anonymous_id)
    END AS person
  FROM events
  JOIN kinds ON kinds.kind = events.kind
  LEFT JOIN devices ON devices.anonymous_id = events.anonymous_id
  LEFT JOIN quarantined
    ON
      quarantined.person = IF(events.user_id IS NULL, CONCAT('a:', events.anonymous_id), CONCAT('u:', events.user_id))
      AND (quarantined.until_ms IS NULL OR DIV(UNIX_MICROS(events.occurred_at), 1000) < quarantined.until_ms)
  WHERE quarantined.person IS NULL
),

first_heard AS (
  SELECT
    *,
    IF(
      ARRAY_LENGTH(consent) > 0, 2 * UNIX_MICROS(occurred_at) + IF('personalization' IN UNNEST(consent), 0, 1), NULL
    ) AS says
  FROM told
  WHERE occurred_at <= @cutoff
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY event_id
      ORDER BY COALESCE(received_at, occurred_at), occurred_at, kind, user_id, anonymous_id
    ) = 1
),

judged AS (
  SELECT
    *,
    MAX(says) OVER (
      PARTITION BY person ORDER BY occurred_at RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS said,
    MAX(says) OVER (PARTITION BY person) AS last_said
  FROM first_heard
)

SELECT
  event_id,
  kind,
  person,
  DIV(UNIX_MICROS(occurred_at), 1000) AS occurred_ms,
  item_ids,
  category,
  value,
  page_url,
  decision_id,
  revisit,
  CASE
    WHEN dwell_s < quick_exit_s AND dwell_s < quick_exit_share * takes_s THEN quick_exit_weight
    ELSE
      weight * LEAST(GREATEST(COALESCE(quantity, 1.0), 1.0), units_cap)
      + IF(scroll_depth >= deep_scroll, 0.5, 0.0)
      + IF(dwell_s >= long_dwell_share * takes_s, long_dwell_weight, 0.0)
  END AS weight,
  CASE
    WHEN dwell_s < quick_exit_s AND dwell_s < quick_exit_share * takes_s THEN 'passive'
    WHEN dwell_s >= long_dwell_share * takes_s THEN 'active'
    WHEN dwell_s >= active_dwell_s OR dwell_s >= active_dwell_share * takes_s THEN 'active'
    ELSE engagement
  END AS engagement
FROM judged
WHERE
  COALESCE(MOD(last_said, 2), 0) = 0
  AND IF(ARRAY_LENGTH(consent) > 0, 'personalization' IN UNNEST(consent), COALESCE(MOD(said, 2), IF(@require_consent, 1, 0)) = 0)
