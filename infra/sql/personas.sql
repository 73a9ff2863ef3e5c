-- Which persona everyone is: the nearest of `centroids`, as shared/models/personas.persona_of says. There each feature of a
-- persona is as K-means took it (skewed ones as logarithms), beside the scale by which it was divided.

SELECT
  persona_features.person,
  centroids.persona
FROM persona_features
CROSS JOIN centroids
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY persona_features.person
    ORDER BY
      ROUND(
        POW((LN(1 + persona_features.avg_session_s) - centroids.avg_session_s) / centroids.avg_session_s_scale, 2)
        + POW((LN(1 + persona_features.pages_per_session) - centroids.pages_per_session) / centroids.pages_per_session_scale, 2)
        + POW((LN(1 + persona_features.page_views) - centroids.page_views) / centroids.page_views_scale, 2)
        + POW((LN(1 + persona_features.high_intent) - centroids.high_intent) / centroids.high_intent_scale, 2)
        + POW((persona_features.active - centroids.active) / centroids.active_scale, 2)
        + POW((LN(1 + persona_features.sessions) - centroids.sessions) / centroids.sessions_scale, 2)
        + POW((LN(1 + persona_features.recency_days) - centroids.recency_days) / centroids.recency_days_scale, 2),
        9
      ),
      centroids.place
  ) = 1
