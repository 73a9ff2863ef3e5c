-- Whose the anonymous events of each device are: shared/profiles/identity.py, from the log.
--
-- Of the user who claimed the device first; from the first claim of a second user on (`until_ms`) they are its own, and
-- so are all of a device that more than @most_users claim. Claims that were taken back count here: only the documents of
-- profiles know which those are, and they are too few to move what is learned.

WITH claims AS (
  SELECT
    events.anonymous_id,
    events.user_id,
    DIV(UNIX_MICROS(MIN(events.occurred_at)), 1000) AS first_ms
  FROM events
  WHERE
    events.user_id IS NOT NULL
    AND events.anonymous_id IS NOT NULL
    AND events.occurred_at <= @cutoff
    AND IF(ARRAY_LENGTH(events.consent) > 0, 'personalization' IN UNNEST(events.consent), NOT @require_consent)
  GROUP BY events.anonymous_id, events.user_id
),

ordered AS (
  SELECT
    anonymous_id,
    user_id,
    ROW_NUMBER() OVER (PARTITION BY anonymous_id ORDER BY first_ms, user_id) AS place,
    LEAD(first_ms) OVER (PARTITION BY anonymous_id ORDER BY first_ms, user_id) AS until_ms,
    COUNT(*) OVER (PARTITION BY anonymous_id) AS users
  FROM claims
)

SELECT
  anonymous_id,
  user_id AS owner,
  until_ms
FROM ordered
WHERE place = 1 AND users <= @most_users
