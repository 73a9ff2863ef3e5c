# The log. generated/tables.json is infra/sql/tables.sql as BigQuery's API writes it.

locals {
  tables = jsondecode(file("${path.module}/generated/tables.json"))
}

resource "google_bigquery_dataset" "attune" {
  #checkov:skip=CKV_GCP_81: Google's keys encrypt the tables; keys of one's own cost a Cloud KMS and a way to lose them

  dataset_id                 = var.dataset
  location                   = var.region
  description                = "what people did, what they were shown, and what models learn from it"
  max_time_travel_hours      = "48" # so long deleted rows can be had back: erasures wish it short
  delete_contents_on_destroy = !var.keep_data

  depends_on = [google_project_service.apis]
}

resource "google_bigquery_table" "tables" {
  #checkov:skip=CKV_GCP_80: Google's keys encrypt it, as they do the dataset
  #checkov:skip=CKV_GCP_121: it is protected unless var.keep_data says otherwise, which the check cannot evaluate
  for_each = local.tables

  dataset_id          = google_bigquery_dataset.attune.dataset_id
  table_id            = each.key
  schema              = jsonencode(each.value.schema)
  clustering          = length(each.value.clustering) == 0 ? null : each.value.clustering
  deletion_protection = var.keep_data && each.value.partitioned_by != null

  dynamic "time_partitioning" {
    for_each = each.value.partitioned_by == null ? [] : [each.value.partitioned_by]
    content {
      type          = "DAY"
      field         = time_partitioning.value
      expiration_ms = var.event_days == 0 ? null : var.event_days * 24 * 3600 * 1000
    }
  }
}

# What analysts read: SQL files whose name begins with view_.
resource "google_bigquery_table" "views" {
  #checkov:skip=CKV_GCP_80: a view holds nothing
  #checkov:skip=CKV_GCP_121: a view holds nothing
  for_each = local.views

  dataset_id          = google_bigquery_dataset.attune.dataset_id
  table_id            = each.key
  deletion_protection = false

  view {
    query          = each.value
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.tables]
}
