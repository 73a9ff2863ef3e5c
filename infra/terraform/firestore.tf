# Documents: profiles, items, models and what lies beside them. They are read by key only, so an index is of no use but
# on the readable face of profiles, which a CMS may query; every index is written, and paid for, with its document.

resource "google_firestore_database" "documents" {
  name                              = var.database
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  delete_protection_state           = var.keep_data ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.keep_data ? "ABANDON" : "DELETE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_DISABLED" # a profile is folded again from the log

  depends_on = [google_project_service.apis]
}

locals {
  # Collections that nobody queries by a field.
  unindexed = [
    "candidates",
    "cursors",
    "erased",
    "erasure_reports",
    "erasures",
    "items",
    "journals",
    "leases",
    "model_cards",
    "model_slots",
    "models",
    "quarantine",
    "stats",
  ]

  # Of profiles: what is packed, and times, whose index would be one hot place, for they only grow.
  unindexed_of_profiles = ["_key", "state", "standing", "first_seen", "last_seen", "last_high_intent", "updated_at", "trace"]

  # Collections whose documents go by themselves, within a day or so of that time.
  expiring = { candidates = "expires_at", stats = "expires_at" }
}

resource "google_firestore_field" "collections" {
  for_each = toset(local.unindexed)

  database   = google_firestore_database.documents.name
  collection = each.key
  field      = "*"

  index_config {}
}

resource "google_firestore_field" "profiles" {
  for_each = toset(local.unindexed_of_profiles)

  database   = google_firestore_database.documents.name
  collection = "profiles"
  field      = each.key

  index_config {}
}

resource "google_firestore_field" "expiries" {
  for_each = local.expiring

  database   = google_firestore_database.documents.name
  collection = each.key
  field      = each.value

  index_config {}
  ttl_config {}

  # One change of a collection at a time.
  depends_on = [google_firestore_field.collections]
}
