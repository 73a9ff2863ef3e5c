-- Popularity and trends among the people of each persona, decayed as over all (popularity.sql), as if @crowd people of all
-- kinds were among them: so a persona of a few hardly differs from all, and one of thousands speaks for itself.
--
-- That is a Dirichlet prior whose mean is what all like: C. Zhai, J. Lafferty, "A study of smoothing methods for language
-- models applied to ad hoc information retrieval", SIGIR 2001. Of each persona the @items_per_persona strongest items and
-- the @trends_per_persona strongest trends; `rest` and `trend_rest` are what is known of every item but these: the share
-- of its value over all that comes from the @crowd.

WITH aged AS (
  SELECT
    interest.person,
    interest.item_id,
    SQRT(interest.weight) AS root,
    interest.last_ms - MAX(interest.last_ms) OVER () AS age_ms,
    MAX(interest.last_ms) OVER () - MIN(interest.last_ms) OVER () AS span_ms
  FROM interest
),

sums AS (
  SELECT
    personas.persona,
    aged.item_id,
    SUM(aged.root * POW(2.0, aged.age_ms / GREATEST(@half_life_ms, DIV(aged.span_ms, 4)))) AS score,
    SUM(aged.root * POW(2.0, aged.age_ms / @trend_ms)) AS trend
  FROM aged
  JOIN personas ON personas.person = aged.person
  GROUP BY personas.persona, aged.item_id
),

crowd AS (
  SELECT @crowd / COUNT(DISTINCT interest.person) AS share
  FROM interest
),

whole AS (
  SELECT
    sums.item_id,
    SUM(sums.score) * MAX(crowd.share) AS score,
    SUM(sums.trend) * MAX(crowd.share) AS trend
  FROM sums
  CROSS JOIN crowd
  GROUP BY sums.item_id
),

best AS (
  SELECT
    MAX(whole.score) AS score,
    MAX(whole.trend) AS trend
  FROM whole
),

mixed AS (
  SELECT
    sums.persona,
    sums.item_id,
    ROUND(sums.score + whole.score, 9) AS score,
    ROUND(sums.trend + whole.trend, 9) AS trend
  FROM sums
  JOIN whole ON whole.item_id = sums.item_id
),

ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY persona ORDER BY score DESC, item_id) AS item_rank,
    ROW_NUMBER() OVER (PARTITION BY persona ORDER BY trend DESC, item_id) AS trend_rank
  FROM mixed
)

SELECT
  ranked.persona,
  ranked.item_id,
  ranked.score,
  ranked.trend,
  ranked.item_rank,
  ranked.trend_rank,
  ROUND(best.score, 9) AS rest,
  ROUND(best.trend, 9) AS trend_rest
FROM ranked
CROSS JOIN best
WHERE ranked.item_rank <= @items_per_persona OR ranked.trend_rank <= @trends_per_persona
ORDER BY ranked.persona, ranked.item_rank
