# Figures out of the functions' log: one line for each request or message (shared/telemetry.py has the fields).

locals {
  lines = "resource.type=(\"cloud_run_revision\" OR \"cloud_run_job\") AND jsonPayload.function:*"
}

# How many, of what became of them.
resource "google_logging_metric" "outcomes" {
  name        = "attune/outcomes"
  description = "requests and messages by function and outcome"
  filter      = "${local.lines} AND jsonPayload.outcome:*"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key        = "function"
      value_type = "STRING"
    }
    labels {
      key        = "outcome"
      value_type = "STRING"
    }
  }

  label_extractors = {
    function = "EXTRACT(jsonPayload.function)"
    outcome  = "EXTRACT(jsonPayload.outcome)"
  }

  depends_on = [google_project_service.apis]
}

# From the event's receipt by collect to its profile written.
resource "google_logging_metric" "freshness" {
  name            = "attune/freshness"
  description     = "from an event's receipt to its profile written"
  filter          = "${local.lines} AND jsonPayload.freshness_ms:*"
  value_extractor = "EXTRACT(jsonPayload.freshness_ms)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 40
      growth_factor      = 1.5
      scale              = 1
    }
  }

  depends_on = [google_project_service.apis]
}

# A training that came to nothing: a bug, a model that crashed, a store that was away, or an instance that was ended.
resource "google_logging_metric" "failed_trainings" {
  name        = "attune/failed_trainings"
  description = "lines of trainings that failed, whole or in part"
  filter = join(" AND ", [
    "(resource.labels.service_name=\"${local.names["retrain"]}\" OR resource.labels.job_name=\"${local.names["retrain"]}\")",
    "(severity>=ERROR OR jsonPayload.outcome=(\"unavailable\" OR \"stopped\" OR \"crashed\"))",
  ])

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.apis]
}

# Cloud Run's own line for each request has addresses and whole URLs, which may name a person. Its metrics stay.
resource "google_logging_project_exclusion" "requests" {
  count = var.keep_request_log ? 0 : 1

  name        = "attune-requests"
  description = "addresses and URLs of people"
  filter      = "log_id(\"run.googleapis.com/requests\") AND resource.labels.service_name:\"attune-\""

  depends_on = [google_project_service.apis]
}
