# SQL of infra/sql that BigQuery itself keeps: views (view_<name>.sql) and statements that run by the clock
# (scheduled_<name>.sql). Elsewhere a table is named by its name; a view must name its dataset, too.

locals {
  sql          = "${path.module}/../sql"
  tables_named = "/\\b(FROM|JOIN|INTO|EXISTS) (${join("|", concat(keys(local.tables), ["daily"]))})\\b/"
  qualified    = "$1 `${var.project}.${var.dataset}.$2`"

  views = {
    for name in fileset(local.sql, "view_*.sql") : trimsuffix(trimprefix(name, "view_"), ".sql") =>
    replace(file("${local.sql}/${name}"), local.tables_named, local.qualified)
  }
  scheduled = {
    for name in fileset(local.sql, "scheduled_*.sql") : trimsuffix(trimprefix(name, "scheduled_"), ".sql") =>
    replace(file("${local.sql}/${name}"), local.tables_named, local.qualified)
  }
}

resource "google_bigquery_data_transfer_config" "scheduled" {
  for_each = local.scheduled

  display_name         = "attune ${each.key}"
  data_source_id       = "scheduled_query"
  location             = var.region
  schedule             = "every day 01:30"
  service_account_name = google_service_account.sql.email
  params               = { query = each.value }

  depends_on = [
    google_bigquery_dataset_iam_member.sql,
    google_bigquery_table.tables,
    google_project_iam_member.sql,
  ]
}

resource "google_project_iam_member" "sql" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.sql.member
}

resource "google_bigquery_dataset_iam_member" "sql" {
  dataset_id = google_bigquery_dataset.attune.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.sql.member
}
