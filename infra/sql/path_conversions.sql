-- The paths that most often end in conversion: up to six states one after the other, `(start)` among them.
--
-- Each conversion has one path: the longest of its endings on which @people or more have converted. visits: all that went
-- this path, whatever came of it; converted: those of them that converted, then or later. ended: the conversions whose path
-- it is, of at least @people people, and how long half of those visits had taken until then.

WITH walked AS (
  SELECT
    facet,
    person,
    visit,
    converted_ms,
    next_state = '(converted)' AS ends,
    converted_ms - start_ms AS took_ms,
    state AS s0,
    previous_state AS s1,
    IF(place = 2, '(start)', LAG(state, 2) OVER (PARTITION BY facet, person, visit ORDER BY place)) AS s2,
    IF(place = 3, '(start)', LAG(state, 3) OVER (PARTITION BY facet, person, visit ORDER BY place)) AS s3,
    IF(place = 4, '(start)', LAG(state, 4) OVER (PARTITION BY facet, person, visit ORDER BY place)) AS s4,
    IF(place = 5, '(start)', LAG(state, 5) OVER (PARTITION BY facet, person, visit ORDER BY place)) AS s5
  FROM path_steps
),

endings AS (
  SELECT
    facet,
    person,
    visit,
    converted_ms,
    ends,
    took_ms,
    length,
    CASE length
      WHEN 1 THEN s0
      WHEN 2 THEN CONCAT(s1, '\n', s0)
      WHEN 3 THEN CONCAT(s2, '\n', s1, '\n', s0)
      WHEN 4 THEN CONCAT(s3, '\n', s2, '\n', s1, '\n', s0)
      WHEN 5 THEN CONCAT(s4, '\n', s3, '\n', s2, '\n', s1, '\n', s0)
      ELSE CONCAT(s5, '\n', s4, '\n', s3, '\n', s2, '\n', s1, '\n', s0)
    END AS path
  FROM walked
  CROSS JOIN UNNEST([1, 2, 3, 4, 5, 6]) AS length
),

shared_by AS (
  SELECT facet, path
  FROM endings
  WHERE ends AND path IS NOT NULL
  GROUP BY facet, path
  HAVING COUNT(DISTINCT person) >= @people
),

longest AS (
  SELECT endings.facet, endings.path, endings.person, endings.took_ms
  FROM endings
  JOIN shared_by ON shared_by.facet = endings.facet AND shared_by.path = endings.path
  WHERE endings.ends
  QUALIFY ROW_NUMBER() OVER (PARTITION BY endings.facet, endings.person, endings.visit ORDER BY endings.length DESC) = 1
),

timed AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY facet, path ORDER BY took_ms) AS number,
    COUNT(*) OVER (PARTITION BY facet, path) AS total
  FROM longest
),

ended AS (
  SELECT
    facet,
    path,
    COUNT(*) AS ended,
    COUNT(DISTINCT person) AS people,
    MIN(IF(2 * number >= total, took_ms, NULL)) AS median_ms
  FROM timed
  GROUP BY facet, path
  HAVING COUNT(DISTINCT person) >= @people
  QUALIFY ROW_NUMBER() OVER (PARTITION BY facet ORDER BY COUNT(*) DESC, path) <= @paths
),

went AS (
  SELECT DISTINCT
    endings.facet,
    endings.path,
    endings.person,
    endings.visit,
    endings.converted_ms IS NOT NULL AS converted
  FROM endings
  JOIN ended ON ended.facet = endings.facet AND ended.path = endings.path
)

SELECT
  ended.facet,
  ended.path,
  ended.ended,
  ended.people,
  ended.median_ms,
  COUNT(*) AS visits,
  COUNTIF(went.converted) AS converted
FROM ended
JOIN went ON went.facet = ended.facet AND went.path = ended.path
GROUP BY ended.facet, ended.path, ended.ended, ended.people, ended.median_ms
ORDER BY ended.facet, ended.ended DESC, ended.path
