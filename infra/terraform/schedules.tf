# What happens by the clock. Scheduler waits at most 30 minutes for an answer; a longer training is a job, which it starts.

locals {
  all_schedules = {
    pull = {
      function = "pull", path = "/v1/pull", schedule = "17 * * * *", is_on = var.ga4_dataset != "" || var.items_table != ""
      about    = "fetch what is new in GA4's export and in the catalogue"
    }
    retrain = {
      function = "retrain", path = "/v1/retrain", schedule = "30 2 * * *", is_on = !local.train_as_job
      about    = "fit the models anew"
    }
    sweep = {
      function = "sweep", path = "/v1/sweep", schedule = "30 4 * * *", is_on = true
      about    = "announce the personas that silence has changed"
    }
    verify = {
      function = "privacy", path = "/v1/privacy/verify", schedule = "0 5 * * 0", is_on = true
      about    = "finish erasures, and prove that who was erased is gone"
    }
  }

  schedules = { for name, one in local.all_schedules : name => one if one.is_on && contains(keys(local.running), one.function) }
}

resource "google_cloud_scheduler_job" "calls" {
  for_each = local.schedules

  name             = "attune-${each.key}"
  description      = each.value.about
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = var.time_zone
  attempt_deadline = "${local.functions[each.value.function].timeout_s}s"

  http_target {
    http_method = "POST"
    uri         = "${google_cloud_run_v2_service.functions[each.value.function].uri}${each.value.path}"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.schedule.email
      audience              = google_cloud_run_v2_service.functions[each.value.function].uri
    }
  }

  retry_config {
    retry_count          = 2
    min_backoff_duration = "300s"
    max_backoff_duration = "1200s"
  }

  depends_on = [google_cloud_run_v2_service_iam_member.schedule]
}

resource "google_cloud_scheduler_job" "retrain" {
  count = length(google_cloud_run_v2_job.retrain)

  name             = "attune-retrain"
  description      = "start the job that fits the models anew"
  region           = var.region
  schedule         = local.all_schedules.retrain.schedule
  time_zone        = var.time_zone
  attempt_deadline = "180s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.retrain[0].id}:run"

    oauth_token {
      service_account_email = google_service_account.schedule.email
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.schedule]
}
