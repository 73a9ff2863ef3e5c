-- A page of one table of the GA4 export: the next @page rows after the instant @after (microseconds), and with the last
-- of them all that share its instant, so that the next page can begin after it.
-- Columns by name: BigQuery bills those that are read.

SELECT event_timestamp, TO_JSON_STRING(t) AS payload
FROM (
  SELECT
    event_timestamp,
    event_name,
    event_params,
    event_value_in_usd,
    event_bundle_sequence_id,
    user_id,
    user_pseudo_id,
    privacy_info,
    user_properties,
    device,
    traffic_source,
    collected_traffic_source,
    ecommerce,
    items
  FROM `events_*`
  WHERE
    _TABLE_SUFFIX = @suffix
    AND event_timestamp > @after
    AND event_timestamp <= (
      SELECT MAX(upcoming.event_timestamp)
      FROM (
        SELECT event_timestamp
        FROM `events_*`
        WHERE _TABLE_SUFFIX = @suffix AND event_timestamp > @after
        ORDER BY event_timestamp
        LIMIT @page
      ) AS upcoming
    )
) AS t
ORDER BY event_timestamp
