-- When the later part of the visits begins: @share of them have started by then.

SELECT MIN(occurred_ms) AS edge_ms
FROM (
  SELECT
    occurred_ms,
    ROW_NUMBER() OVER (ORDER BY occurred_ms) AS number,
    COUNT(*) OVER () AS visits
  FROM steps
  WHERE place = 1
)
WHERE number > @share * visits
