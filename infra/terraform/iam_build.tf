# What a release may do: push images, read what it deploys, make revisions of the functions' services, act as them while
# doing so, and write its log. It reads the keys that the smoke test shows.

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_cloud_run_v2_service_iam_member" "build" {
  for_each = local.running

  name     = google_cloud_run_v2_service.functions[each.key].name
  location = var.region
  role     = "roles/run.developer"
  member   = google_service_account.build.member
}

resource "google_cloud_run_v2_job_iam_member" "build" {
  count = length(google_cloud_run_v2_job.retrain)

  name     = google_cloud_run_v2_job.retrain[0].name
  location = var.region
  role     = "roles/run.developer"
  member   = google_service_account.build.member
}

resource "google_service_account_iam_member" "build" {
  for_each = local.functions

  service_account_id = google_service_account.functions[each.key].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.build.member
}

resource "google_secret_manager_secret_iam_member" "build" {
  for_each = setintersection(["api_keys", "write_keys"], var.secrets)

  secret_id = google_secret_manager_secret.settings[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.build.member
}

# The smoke test asks them, whether they are public or not.
resource "google_cloud_run_v2_service_iam_member" "smoke" {
  for_each = setintersection(["collect", "recommend"], keys(local.running))

  name     = google_cloud_run_v2_service.functions[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.build.member
}

# And shows them who it is: a token of its own, made by the build itself.
resource "google_service_account_iam_member" "build_itself" {
  service_account_id = google_service_account.build.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = google_service_account.build.member
}

# Lists services, reads what was found in images, and writes its log.
resource "google_project_iam_member" "build" {
  for_each = toset([
    "roles/containeranalysis.notes.editor",
    "roles/containeranalysis.occurrences.editor",
    "roles/logging.logWriter",
    "roles/run.viewer",
  ])

  project = var.project
  role    = each.key
  member  = google_service_account.build.member
}

# Sources of builds and bills of materials.
resource "google_storage_bucket" "build" {
  #checkov:skip=CKV_GCP_62: access is in Cloud Audit Logs; nothing of anybody is in it
  #checkov:skip=CKV_GCP_78: what is in it is made anew with each release

  name                        = "${var.project}-attune-build"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 365
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_storage_bucket_iam_member" "build" {
  for_each = toset(["roles/storage.legacyBucketReader", "roles/storage.objectUser"])

  bucket = google_storage_bucket.build.name
  role   = each.key
  member = google_service_account.build.member
}
