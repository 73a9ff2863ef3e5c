-- Every event once, as it was first received: the log may have it several times. For analysts; BigQuery has it as the
-- view events_once.

SELECT *
FROM events
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY event_id
    ORDER BY COALESCE(received_at, occurred_at), occurred_at, kind, user_id, anonymous_id
  ) = 1
