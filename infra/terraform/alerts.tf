# What somebody is told of, where anything runs. An alert opens when its condition has held for its duration, and closes by
# itself. (Made after the figures out of the log, which Google knows of some minutes after they were asked for.)

locals {
  subscription = "resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription"
  revision     = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = starts_with(\"attune-\")"
  requests     = "${local.revision} AND metric.type = \"run.googleapis.com/request_count\""
  latencies    = "metric.type = \"run.googleapis.com/request_latencies\""

  # filter: which figures. by: one alert for each of these. aligner: of a period of `period_s`, across instances `reducer`.
  alerts = merge(
    {
      dead_letters = {
        name    = "dead letters wait"
        filter  = "${local.subscription}/num_undelivered_messages\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.dead_letters.name}\""
        aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = [], period_s = 300, duration_s = 0, above = 0
        help    = "Messages that no function could read, or that failed ${local.max_attempts} times. `ATTUNE_BACKEND=gcp ATTUNE_PROJECT=${var.project} python3 infra/dev.py replay --stack emulators --dry-run` shows them with their reasons; without --dry-run it puts them back, once the cause is mended."
      }
      unacked = {
        name    = "a message waits"
        filter  = "${local.subscription}/oldest_unacked_message_age\" AND resource.labels.subscription_id != \"${google_pubsub_subscription.dead_letters.name}\""
        aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.labels.subscription_id"], period_s = 60, duration_s = 300, above = var.unacked_s
        help    = "The subscription's function fails or is too slow: look at its log for outcome unavailable or crashed, and at its /readyz. Nothing is lost for seven days."
      }
      freshness = {
        name    = "profiles are late"
        filter  = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.freshness.name}\""
        aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", by = [], period_s = 300, duration_s = 300, above = var.freshness_s * 1000
        help    = "95 % of profiles show an event within the threshold no longer. Usually update_profile has too few instances (max_instances), or Firestore is slow."
      }
      training = {
        name    = "a training failed"
        filter  = "resource.type = \"${local.train_as_job ? "cloud_run_job" : "cloud_run_revision"}\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.failed_trainings.name}\""
        aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [], period_s = 3600, duration_s = 0, above = 0
        help    = "The models that are live stay so. `infra/dev.py models list` tells why; the log of retrain has the stack trace."
      }
    },
    {
      for name, ms in var.latency_p99_ms : "latency_${name}" => {
        name    = "${name} is slow"
        filter  = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${local.names[name]}\" AND ${local.latencies}"
        aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [], period_s = 300, duration_s = 600, above = ms
        help    = "One answer in a hundred takes longer than the threshold. Cold starts: raise min_instances. Else look at the stores' latencies on the dashboard."
      }
    },
    !local.train_as_job ? {} : {
      training_job = {
        name    = "a training's job ended early"
        filter  = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${local.names["retrain"]}\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
        aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [], period_s = 3600, duration_s = 0, above = 0
        help    = "It was killed, out of memory (train_memory) or out of time (train_minutes), or it failed and says so in its log."
      }
    },
  )
}

resource "google_monitoring_alert_policy" "thresholds" {
  for_each = { for name, alert in local.alerts : name => alert if length(local.running) > 0 }

  display_name          = "Attune ${var.environment}: ${each.value.name}"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = each.value.name

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = "${each.value.duration_s}s"

      aggregations {
        alignment_period     = "${each.value.period_s}s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.by
      }
    }
  }

  documentation {
    content = each.value.help
  }

  alert_strategy {
    auto_close = "86400s"
  }
}

# A ratio of two figures: answers with a status of 5xx, of all answers of a service.
resource "google_monitoring_alert_policy" "errors" {
  count = length(local.running) > 0 ? 1 : 0

  display_name          = "Attune ${var.environment}: a function fails"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "more than ${var.error_ratio * 100} % of a function's answers are 5xx"

    condition_threshold {
      filter             = "${local.requests} AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = local.requests
      comparison         = "COMPARISON_GT"
      threshold_value    = var.error_ratio
      duration           = "300s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.service_name"]
      }
    }
  }

  documentation {
    content = "Its log says outcome crashed (a bug, with its stack trace) or unavailable (a store is away: /readyz names it)."
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
