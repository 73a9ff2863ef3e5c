# One page to look at when an alert comes.

locals {
  shown = {
    environment = var.environment
    kept        = google_pubsub_subscription.dead_letters.name
    outcomes    = google_logging_metric.outcomes.name
    freshness   = google_logging_metric.freshness.name
    trainings   = google_logging_metric.failed_trainings.name
  }
}

resource "google_monitoring_dashboard" "attune" {
  dashboard_json = templatefile("${path.module}/dashboard.json.tftpl", local.shown)

  depends_on = [google_project_service.apis]
}
