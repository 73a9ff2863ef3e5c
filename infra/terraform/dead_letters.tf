# Dead letters: what a function could not read, with its reason, and what it failed at again and again. Without this
# subscription the topic would throw them away. `infra/dev.py replay` puts them back.

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "dead-letters-kept"
  topic                      = google_pubsub_topic.topics["dead-letters"].id
  ack_deadline_seconds       = 60
  message_retention_duration = "${var.dead_letter_days * 24 * 3600}s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself forwards: it publishes there, and takes the message off the subscription that it failed on.
resource "google_pubsub_topic_iam_member" "forward" {
  topic  = google_pubsub_topic.topics["dead-letters"].id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "forward" {
  for_each = merge(google_pubsub_subscription.pushes, google_pubsub_subscription.tables)

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
