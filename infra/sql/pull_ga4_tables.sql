-- Tables of the GA4 export that have rows, from the day @since (YYYYMMDD) on: `intraday_YYYYMMDD` while a day lasts,
-- `YYYYMMDD` after it. Reads no column, so BigQuery bills nothing for it.

SELECT _TABLE_SUFFIX AS suffix, COUNT(*) AS n
FROM `events_*`
WHERE
  RIGHT(_TABLE_SUFFIX, 8) >= @since
  AND (LENGTH(_TABLE_SUFFIX) = 8 OR STARTS_WITH(_TABLE_SUFFIX, 'intraday_'))
GROUP BY suffix
ORDER BY suffix
