# Pub/Sub pushes straight to each service, as itself, and as long as it takes: a subscription that nothing reads is not
# forgotten. What fails for good, or max_attempts times, becomes a dead letter.

locals {
  max_attempts = 8

  # Function → its topic, and whether the order of a key's messages is kept: it is where all publishers are ours.
  pushed = {
    normalize      = { topic = "segment-raw", ordered = false }
    privacy        = { topic = "privacy-requests", ordered = true }
    profiles       = { topic = "refolds", ordered = true }
    update_items   = { topic = "items", ordered = true }
    update_profile = { topic = "events", ordered = true }
  }
}

resource "google_pubsub_subscription" "pushes" {
  for_each = { for name, push in local.pushed : name => push if contains(keys(local.running), name) }

  name                       = each.key
  topic                      = google_pubsub_topic.topics[each.value.topic].id
  enable_message_ordering    = each.value.ordered
  ack_deadline_seconds       = local.functions[each.key].timeout_s
  message_retention_duration = "${7 * 24 * 3600}s"

  expiration_policy {
    ttl = ""
  }

  push_config {
    push_endpoint = google_cloud_run_v2_service.functions[each.key].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloud_run_v2_service.functions[each.key].uri
    }
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topics["dead-letters"].id
    max_delivery_attempts = local.max_attempts
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push]
}
