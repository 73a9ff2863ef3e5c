-- The times as of which people are looked at: @snapshots of them, @step_ms apart, the newest (0) a whole window of
-- @window_ms before @cutoff, so that what followed each had happened by @cutoff.

SELECT
  snapshot,
  DIV(UNIX_MICROS(@cutoff), 1000) - @window_ms - snapshot * @step_ms AS at_ms
FROM UNNEST(GENERATE_ARRAY(0, @snapshots - 1)) AS snapshot
