# Firestore knows roles of the project only; the condition keeps them to Attune's database. All functions read and write:
# those that only publish write their counts (shared/tally.py).

resource "google_project_iam_member" "documents" {
  for_each = local.functions

  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.functions[each.key].member

  condition {
    title      = "database"
    expression = "resource.name == \"projects/${var.project}/databases/${var.database}\""
  }
}
