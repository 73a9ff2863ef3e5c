-- What was done each day, in numbers that name nobody and so may stay when the events are gone. Each night the last seven
-- days are counted anew, for events that came late; no day is, of which events may be gone already.

CREATE TABLE IF NOT EXISTS daily (
  day DATE NOT NULL,
  kind STRING NOT NULL,
  events INT64,
  people INT64,
  worth FLOAT64
);

DELETE FROM daily WHERE day >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY);

INSERT INTO daily (day, kind, events, people, worth)
SELECT
  DATE(once.occurred_at) AS day,
  once.kind,
  COUNT(*) AS events,
  COUNT(DISTINCT COALESCE(CONCAT('u:', once.user_id), CONCAT('a:', once.anonymous_id))) AS people,
  SUM(once.value) AS worth
FROM (
  SELECT *
  FROM events
  WHERE occurred_at >= TIMESTAMP(DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY))
  QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY COALESCE(received_at, occurred_at), occurred_at, kind) = 1
) AS once
WHERE once.occurred_at < TIMESTAMP(CURRENT_DATE())
GROUP BY 1, 2;
