-- What some people did, all of it by @cutoff: @judged of those who met an item at @split_ms or later, drawn by a hash.

WITH drawn AS (
  SELECT person
  FROM events_unique
  WHERE revisit IS NOT NULL AND occurred_ms >= @split_ms
  GROUP BY person
  QUALIFY ROW_NUMBER() OVER (ORDER BY TO_HEX(MD5(person))) <= @judged
)

SELECT
  events_unique.person AS whose,
  e.*
FROM events_unique
JOIN drawn ON drawn.person = events_unique.person
JOIN events AS e ON e.event_id = events_unique.event_id
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY e.event_id
    ORDER BY COALESCE(e.received_at, e.occurred_at), e.occurred_at, e.kind, e.user_id, e.anonymous_id
  ) = 1
ORDER BY whose, e.occurred_at, e.event_id
