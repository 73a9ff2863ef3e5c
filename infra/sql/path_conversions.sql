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
    took_ms,
    length,
    s0 AS e0,
    IF(length > 1, s1, NULL) AS e1,
    IF(length > 2, s2, NULL) AS e2,
    IF(length > 3, s3, NULL) AS e3,
    IF(length > 4, s4, NULL) AS e4,
    IF(length > 5, s5, NULL) AS e5
  FROM walked
  CROSS JOIN UNNEST([1, 2, 3, 4, 5, 6]) AS length
  WHERE ends
),

written AS (
  SELECT *, ARRAY_TO_STRING([e5, e4, e3, e2, e1, e0], '\n') AS path
  FROM endings
  WHERE
    length = 1
    OR (length = 2 AND e1 IS NOT NULL)
    OR (length = 3 AND e2 IS NOT NULL)
    OR (length = 4 AND e3 IS NOT NULL)
    OR (length = 5 AND e4 IS NOT NULL)
    OR (length = 6 AND e5 IS NOT NULL)
),

shared_by AS (
  SELECT facet, path
  FROM written
  GROUP BY facet, path
  HAVING COUNT(DISTINCT person) >= @people
),

longest AS (
  SELECT written.*
  FROM written
  JOIN shared_by ON shared_by.facet = written.facet AND shared_by.path = written.path
  QUALIFY ROW_NUMBER() OVER (PARTITION BY written.facet, written.person, written.visit ORDER BY written.length DESC) = 1
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
    e0,
    e1,
    e2,
    e3,
    e4,
    e5,
    COUNT(*) AS ended,
    COUNT(DISTINCT person) AS people,
    MIN(IF(2 * number >= total, took_ms, NULL)) AS median_ms
  FROM timed
  GROUP BY facet, path, e0, e1, e2, e3, e4, e5
  HAVING COUNT(DISTINCT person) >= @people
  QUALIFY ROW_NUMBER() OVER (PARTITION BY facet ORDER BY COUNT(*) DESC, path) <= @paths
),

went AS (
  SELECT DISTINCT
    walked.facet,
    ended.path,
    walked.person,
    walked.visit,
    walked.converted_ms IS NOT NULL AS converted
  FROM walked
  JOIN ended
    ON
      ended.facet = walked.facet
      AND ended.e0 = walked.s0
      AND (ended.e1 IS NULL OR ended.e1 = walked.s1)
      AND (ended.e2 IS NULL OR ended.e2 = walked.s2)
      AND (ended.e3 IS NULL OR ended.e3 = walked.s3)
      AND (ended.e4 IS NULL OR ended.e4 = walked.s4)
      AND (ended.e5 IS NULL OR ended.e5 = walked.s5)
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
