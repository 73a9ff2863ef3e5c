-- The log: what people did, as shared/events/event.py has it, and what they were shown, as shared/decision.py has it.
-- Rows may repeat: whoever reads `events` goes through events_unique.sql.

CREATE TABLE IF NOT EXISTS events (
  event_id STRING NOT NULL,
  kind STRING NOT NULL,
  occurred_at TIMESTAMP NOT NULL,
  received_at TIMESTAMP,
  user_id STRING,
  anonymous_id STRING,
  item_ids ARRAY<STRING>,
  category STRING,
  value FLOAT64,
  currency STRING,
  quantity FLOAT64,
  dwell_s FLOAT64,
  duration_s FLOAT64,
  scroll_depth FLOAT64,
  context STRUCT<
    page_url STRING,
    referrer STRING,
    device_type STRING,
    session_id STRING,
    session_duration_s FLOAT64,
    campaign STRING,
    locale STRING,
    user_agent STRING,
    ip STRING,
    source STRING
  >,
  decision_id STRING,
  slot STRING,
  consent ARRAY<STRING>,
  properties JSON
)
PARTITION BY DATE(occurred_at)
CLUSTER BY kind, user_id;

CREATE TABLE IF NOT EXISTS decisions (
  decision_id STRING NOT NULL,
  decided_at TIMESTAMP NOT NULL,
  user_id STRING,
  anonymous_id STRING,
  persona STRING,
  arm STRING,
  context STRING,
  page STRING,
  looking_at ARRAY<STRING>,
  strategy STRING,
  n INT64,
  rules ARRAY<STRING>,
  propensities JSON,
  features JSON,
  candidates ARRAY<STRUCT<item_id STRING, score FLOAT64, source STRING>>,
  items ARRAY<
    STRUCT<
      item_id STRING,
      place INT64,
      score FLOAT64,
      source STRING,
      reason STRING,
      rule STRING,
      probability FLOAT64,
      slot STRING
    >
  >,
  model_versions JSON,
  degraded BOOL,
  trace STRING
)
PARTITION BY DATE(decided_at)
CLUSTER BY user_id;

-- What was stated of items, as shared/models/facts.py has it. A fact not stated and one that was cleared are both NULL:
-- the item documents tell them apart.
CREATE TABLE IF NOT EXISTS items (
  item_id STRING NOT NULL,
  stated_at TIMESTAMP NOT NULL,
  name STRING,
  category STRING,
  brand STRING,
  price FLOAT64,
  currency STRING,
  url STRING,
  image_url STRING,
  tags ARRAY<STRING>,
  published_at TIMESTAMP,
  expires_at TIMESTAMP,
  duration_s FLOAT64,
  availability STRING,
  hidden BOOL,
  repeatable BOOL
)
PARTITION BY DATE(stated_at)
CLUSTER BY item_id;

-- Whose events no model learns from: all of them, or those that occurred before until_ms. Filled while a training runs.
CREATE TABLE IF NOT EXISTS quarantined (
  person STRING NOT NULL,
  until_ms INT64
);
