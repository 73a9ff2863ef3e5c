# Who acts: each function as itself, and four others. None has a key.

resource "google_service_account" "functions" {
  for_each = local.functions

  account_id   = local.names[each.key]
  display_name = "Attune: function ${each.key}"
}

resource "google_service_account" "push" {
  account_id   = "attune-push"
  display_name = "Attune: Pub/Sub's deliveries"
}

resource "google_service_account" "schedule" {
  account_id   = "attune-schedule"
  display_name = "Attune: Cloud Scheduler's calls"
}

resource "google_service_account" "sql" {
  account_id   = "attune-sql"
  display_name = "Attune: scheduled statements"
}

resource "google_service_account" "build" {
  account_id   = "attune-build"
  display_name = "Attune: builds and releases"
}
