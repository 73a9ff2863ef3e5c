# Pub/Sub writes these topics into the tables itself. Fields go to the columns of their names. Made together with what
# publishes: Google checks at once whether the right to write is there, and a new right takes minutes to be known.

locals {
  # Topic → table.
  logged = { events = "events", items = "items", decisions = "decisions" }

  json_columns = {
    for topic, table in local.logged : topic =>
    [for column in local.tables[table].schema : column.name if column.type == "JSON"]
  }
}

resource "google_pubsub_subscription" "tables" {
  for_each = { for topic, table in local.logged : topic => table if length(local.running) > 0 }

  name                       = "${each.key}-to-warehouse"
  topic                      = google_pubsub_topic.topics[each.key].id
  ack_deadline_seconds       = 60
  message_retention_duration = "${7 * 24 * 3600}s"

  expiration_policy {
    ttl = ""
  }

  bigquery_config {
    table               = "${var.project}.${google_bigquery_dataset.attune.dataset_id}.${google_bigquery_table.tables[each.value].table_id}"
    use_table_schema    = true
    drop_unknown_fields = true # a column comes before the release that fills it; until then its field is dropped
  }

  # Columns of type JSON want text.
  dynamic "message_transforms" {
    for_each = length(local.json_columns[each.key]) == 0 ? [] : [local.json_columns[each.key]]
    content {
      javascript_udf {
        function_name = "toRow"
        code          = templatefile("${path.module}/to_row.js.tftpl", { columns = jsonencode(message_transforms.value) })
      }
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topics["dead-letters"].id
    max_delivery_attempts = local.max_attempts
  }

  depends_on = [google_bigquery_table_iam_member.pubsub]
}
