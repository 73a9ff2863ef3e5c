-- What people did, act by act, in three facets: the pages they were on, the categories, and the kinds of act.
--
-- Visits end with @gap_ms of silence. The act by which a visit first converts is its end and no step of it; what came after
-- it is left out. A page is the path of its address, its first 200 characters, without what was asked for. `folder` is where
-- a page or a category lies, for those that are too rare to be named.

WITH acts AS (
  SELECT
    events_unique.person,
    events_unique.event_id,
    events_unique.occurred_ms,
    events_unique.kind,
    events_unique.category,
    events_unique.kind IN UNNEST(@conversions) AS converts,
    COALESCE(
      REGEXP_EXTRACT(events_unique.page_url, r'^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)'),
      IF(events_unique.page_url IS NULL, NULL, '')
    ) AS path,
    LAG(events_unique.occurred_ms) OVER (
      PARTITION BY events_unique.person ORDER BY events_unique.occurred_ms, events_unique.event_id
    ) AS before_ms
  FROM events_unique
  WHERE events_unique.engagement <> 'none'
),

numbered AS (
  SELECT
    person,
    occurred_ms,
    kind,
    category,
    converts,
    path,
    ROW_NUMBER() OVER (PARTITION BY person ORDER BY occurred_ms, event_id) AS number,
    SUM(IF(occurred_ms - before_ms < @gap_ms, 0, 1)) OVER (
      PARTITION BY person ORDER BY occurred_ms, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS visit
  FROM acts
),

spanned AS (
  SELECT
    *,
    MIN(occurred_ms) OVER (PARTITION BY person, visit) AS start_ms,
    MAX(occurred_ms) OVER (PARTITION BY person, visit) AS last_ms,
    MIN(IF(converts, occurred_ms, NULL)) OVER (PARTITION BY person, visit) AS converted_ms,
    IF(path = '' OR path = '/', '/', SUBSTR(REGEXP_REPLACE(path, r'/$', ''), 1, 200)) AS page
  FROM numbered
),

taken AS (
  SELECT *
  FROM spanned
  WHERE NOT converts AND (converted_ms IS NULL OR occurred_ms <= converted_ms)
),

named AS (
  SELECT 'pages' AS facet, page AS name, CONCAT(REGEXP_EXTRACT(page, r'^(/?[^/]+/)'), '*') AS folder, taken.* FROM taken
  UNION ALL
  SELECT 'categories', category, CONCAT(REGEXP_EXTRACT(category, r'^([^./>]+[./>])'), '*'), taken.* FROM taken
  UNION ALL
  SELECT 'kinds', kind, CAST(NULL AS STRING), taken.* FROM taken WHERE kind NOT IN ('scroll', 'dwell')
)

SELECT
  facet,
  name,
  folder,
  person,
  number,
  occurred_ms,
  visit,
  start_ms,
  last_ms,
  converted_ms
FROM named
WHERE name <> ''
