# The topics of infra/local/layout.py. Messages stay in the region, and for a day so that a subscription can go back.

locals {
  topics = [
    "events",
    "segment-raw",
    "items",
    "decisions",
    "persona-changes",
    "refolds",
    "privacy-requests",
    "dead-letters",
  ]
}

# What every message of the topic `events` has, made from the Event by `python -m infra.deploy.generated`. What an event may
# leave out is not in it: Avro's JSON would want it there, as {"string": "ann"} or null (infra/decisions/0042).
resource "google_pubsub_schema" "event" {
  name       = "event"
  type       = "AVRO"
  definition = file("${path.module}/generated/event.avsc")

  depends_on = [google_project_service.apis]
}

resource "google_pubsub_topic" "topics" {
  #checkov:skip=CKV_GCP_83: Google's keys encrypt the messages; keys of one's own cost a Cloud KMS and a way to lose them
  for_each = toset(local.topics)

  name                       = each.key
  message_retention_duration = "${24 * 3600}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  dynamic "schema_settings" {
    for_each = each.key == "events" && var.enforce_event_schema ? [google_pubsub_schema.event.id] : []
    content {
      schema   = schema_settings.value
      encoding = "JSON"
    }
  }

  depends_on = [google_project_service.apis]
}
