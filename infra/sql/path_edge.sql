-- When the later part of the visits begins: @share of them have started by then.

SELECT MIN(start_ms) AS edge_ms
FROM (
  SELECT
    start_ms,
    ROW_NUMBER() OVER (ORDER BY start_ms) AS number,
    COUNT(*) OVER () AS visits
  FROM (SELECT person, visit, MIN(start_ms) AS start_ms FROM path_acts WHERE facet = 'kinds' GROUP BY person, visit)
)
WHERE number > @share * visits
