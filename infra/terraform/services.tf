# One Cloud Run service for each function, from its image.
#
# Terraform makes a service with the image that it is given, and changes everything but image and traffic afterwards:
# those are a release's (infra/deploy/release.py), which tries a revision before it gets traffic, and goes back if it fails.

resource "google_cloud_run_v2_service" "functions" {
  for_each = local.running

  name                = local.names[each.key]
  location            = var.region
  ingress             = contains(local.internal, each.key) ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_ALL"
  deletion_protection = false # a service holds nothing

  template {
    service_account                  = google_service_account.functions[each.key].email
    timeout                          = "${each.value.timeout_s}s"
    max_instance_request_concurrency = each.value.concurrency

    scaling {
      min_instance_count = lookup(var.min_instances, each.key, 0)
      max_instance_count = max(each.value.most, lookup(var.min_instances, each.key, 0))
    }

    containers {
      image = var.images[each.key]

      resources {
        limits            = { cpu = tostring(each.value.cpu), memory = each.value.memory }
        cpu_idle          = true # nothing is paid for between requests; an instance that ends gets its ten seconds
        startup_cpu_boost = true
      }

      # Probes ask the container itself. From outside, Cloud Run answers /healthz itself with 404; there it is /livez.
      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 60
        http_get { path = "/healthz" }
      }
      # Three minutes: a training may keep the processors busy.
      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 10
        failure_threshold = 6
        http_get { path = "/healthz" }
      }

      dynamic "env" {
        for_each = local.environments[each.key]
        content {
          name  = env.key
          value = env.value
        }
      }
      dynamic "env" {
        for_each = setintersection(each.value.secrets, var.secrets)
        content {
          name = "ATTUNE_${upper(env.key)}"
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.settings[env.key].secret_id
              version = "latest" # as of when an instance starts
            }
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [
      client,
      client_version,
      template[0].containers[0].image,
      template[0].labels,
      template[0].revision,
      traffic,
    ]
  }

  depends_on = [
    google_firestore_database.documents,
    google_secret_manager_secret_iam_member.functions,
  ]
}
