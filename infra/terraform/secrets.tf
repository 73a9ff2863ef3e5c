# Keys and signing secrets. Terraform makes the containers and never sees what is in them; a version is added by
#   openssl rand -hex 32 | tr -d '\n' | gcloud secrets versions add attune-write-keys --data-file=- --project PROJECT
# and is read when an instance starts. To rotate, add a version "NEW,OLD", and later one without the old.

resource "google_secret_manager_secret" "settings" {
  for_each = var.secrets

  secret_id           = "attune-${replace(each.key, "_", "-")}"
  deletion_protection = false # what is in it can be made anew

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret_iam_member" "functions" {
  for_each = {
    for pair in flatten([for name, function in local.functions : [for secret in setintersection(function.secrets, var.secrets) : { function = name, secret = secret }]]) :
    "${pair.function} ${pair.secret}" => pair
  }

  secret_id = google_secret_manager_secret.settings[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.functions[each.value.function].member
}
