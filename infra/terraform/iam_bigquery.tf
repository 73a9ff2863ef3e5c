# Who may read and write which table. To run a job at all is a role of the project; what it reads is not.

locals {
  may_query = [for name, function in local.functions : name if function.queries]

  # Function → table → what it may do there. retrain makes tables of its own, so it has the dataset.
  may_read_or_write = {
    "privacy events"    = { function = "privacy", table = "events", role = "roles/bigquery.dataEditor" }
    "privacy decisions" = { function = "privacy", table = "decisions", role = "roles/bigquery.dataEditor" }
    "profiles events"   = { function = "profiles", table = "events", role = "roles/bigquery.dataViewer" }
    "pull events"       = { function = "pull", table = "events", role = "roles/bigquery.dataViewer" }
  }
}

resource "google_project_iam_member" "jobs" {
  for_each = toset(local.may_query)

  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.functions[each.key].member
}

resource "google_bigquery_table_iam_member" "functions" {
  for_each = local.may_read_or_write

  dataset_id = google_bigquery_dataset.attune.dataset_id
  table_id   = google_bigquery_table.tables[each.value.table].table_id
  role       = each.value.role
  member     = google_service_account.functions[each.value.function].member
}

resource "google_bigquery_dataset_iam_member" "retrain" {
  dataset_id = google_bigquery_dataset.attune.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.functions["retrain"].member
}

# What the log is written by.
resource "google_bigquery_table_iam_member" "pubsub" {
  for_each = local.logged

  dataset_id = google_bigquery_dataset.attune.dataset_id
  table_id   = google_bigquery_table.tables[each.value].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent
}

# What others leave for pull. It is theirs, and only read.
resource "google_bigquery_dataset_iam_member" "ga4" {
  count = var.ga4_dataset == "" ? 0 : 1

  dataset_id = var.ga4_dataset
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.functions["pull"].member
}

resource "google_bigquery_table_iam_member" "catalogue" {
  count = var.items_table == "" ? 0 : 1

  project    = split(".", var.items_table)[0]
  dataset_id = split(".", var.items_table)[1]
  table_id   = split(".", var.items_table)[2]
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.functions["pull"].member
}

# What Spark learns from, and its factors.
resource "google_storage_bucket_iam_member" "factors" {
  count = var.factors_bucket == "" ? 0 : 1

  bucket = var.factors_bucket
  role   = "roles/storage.objectUser"
  member = google_service_account.functions["retrain"].member
}
