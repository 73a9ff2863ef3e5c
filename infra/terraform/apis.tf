# The APIs of Google Cloud that Attune calls or is made of. They stay on when Attune goes: others may use them.

locals {
  apis = [
    "artifactregistry",
    "bigquery",
    "bigquerydatatransfer",
    "billingbudgets",
    "cloudbuild",
    "cloudresourcemanager",
    "cloudscheduler",
    "containeranalysis",
    "containerscanning",
    "firestore",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "storage",
  ]
}

resource "google_project_service" "apis" {
  for_each = toset(local.apis)

  project            = var.project
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
