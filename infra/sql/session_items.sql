-- What was met in visits to two items or more, of those that are among the @sessions latest visits to one of their items.
--
-- `number`: of the visit; the hour in which it began, and which one it was of those that began in it. Who went there is not
-- told. `is_latest`: it is among the latest visits to this item. `sessions`: how many visits had this item; `total`: there were.

WITH met AS (
  SELECT
    person,
    visit,
    item_id,
    MIN(place) AS place,
    MIN(MIN(occurred_ms)) OVER (PARTITION BY person, visit) AS began_ms,
    COUNT(*) OVER (PARTITION BY person, visit) AS items
  FROM steps
  GROUP BY person, visit, item_id
),

numbered AS (
  SELECT
    item_id,
    place,
    DIV(began_ms, 3600000) * 1048576
    + DENSE_RANK() OVER (PARTITION BY DIV(began_ms, 3600000) ORDER BY began_ms, person, visit) AS number
  FROM met
  WHERE items > 1
),

ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY item_id ORDER BY number DESC) <= @sessions AS is_latest,
    COUNT(*) OVER (PARTITION BY item_id) AS sessions
  FROM numbered
),

counted AS (
  SELECT COUNT(DISTINCT number) AS total
  FROM numbered
)

SELECT
  ranked.item_id,
  ranked.number,
  ranked.place,
  ranked.is_latest,
  ranked.sessions,
  counted.total
FROM ranked
CROSS JOIN counted
QUALIFY LOGICAL_OR(ranked.is_latest) OVER (PARTITION BY ranked.number)
ORDER BY ranked.number DESC, ranked.place, ranked.item_id
