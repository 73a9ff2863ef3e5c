-- Everything the log has of these people: events that name one of the @user_ids or one of the @anonymous_ids.
-- A row that was written twice counts once; the same event under two people is told twice, once for each.
-- All columns: an event is made of them again (functions/profiles/refolding/log.py).

SELECT e.*
FROM events AS e
WHERE e.user_id IN UNNEST(@user_ids) OR e.anonymous_id IN UNNEST(@anonymous_ids)
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY e.event_id, e.user_id, e.anonymous_id
    ORDER BY COALESCE(e.received_at, e.occurred_at), e.occurred_at, e.kind
  ) = 1
ORDER BY e.occurred_at, e.event_id
