# A training that may take longer than Scheduler waits: a Cloud Run job of retrain's image. The service stays, for
# questions about models.

locals {
  scheduler_minutes = 30
  # What comes after the fits: judging, publishing, and five minutes of grace.
  train_as_job = var.train_minutes + 5 > local.scheduler_minutes
}

resource "google_cloud_run_v2_job" "retrain" {
  count = local.train_as_job && contains(keys(local.running), "retrain") ? 1 : 0

  name                = local.names["retrain"]
  location            = var.region
  deletion_protection = false

  template {
    task_count = 1

    template {
      service_account = google_service_account.functions["retrain"].email
      timeout         = "${(var.train_minutes + 10) * 60}s"
      max_retries     = 0 # the next night trains again; the models that are live stay so

      containers {
        image   = var.images["retrain"]
        command = ["python", "-m", "training"]

        resources {
          limits = { cpu = tostring(var.train_cpu), memory = var.train_memory }
        }

        dynamic "env" {
          for_each = local.environments["retrain"]
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version, template[0].template[0].containers[0].image]
  }

  depends_on = [google_firestore_database.documents]
}
