-- What propensities learn from: people as they were at each snapshot, and what they did in the window after it.
-- Of more than @rows, those that a hash draws: always the same.

SELECT
  propensity_features.*,
  COALESCE(propensity_labels.bought, FALSE) AS bought,
  COALESCE(propensity_labels.meant, FALSE) AS meant,
  propensity_labels.person IS NULL AS gone
FROM propensity_features
LEFT JOIN propensity_labels
  ON
    propensity_labels.person = propensity_features.person
    AND propensity_labels.snapshot = propensity_features.snapshot
ORDER BY TO_HEX(MD5(CONCAT(CAST(propensity_features.snapshot AS STRING), ':', propensity_features.person)))
LIMIT @rows
