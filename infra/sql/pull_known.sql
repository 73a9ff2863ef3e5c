-- Which of these events are in the log already.

SELECT DISTINCT events.event_id
FROM events
JOIN UNNEST(@event_ids) AS asked ON asked = events.event_id
WHERE events.occurred_at BETWEEN @first AND @last
