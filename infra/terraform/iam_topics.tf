# Who may publish to which topic, and who reads dead letters.

resource "google_pubsub_topic_iam_member" "functions" {
  for_each = {
    for pair in flatten([for name, function in local.functions : [for topic in function.publishes : { function = name, topic = topic }]]) :
    "${pair.function} ${pair.topic}" => pair
  }

  topic  = google_pubsub_topic.topics[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.functions[each.value.function].member
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = {
    for pair in flatten([for topic, members in var.publishers : [for member in members : { topic = topic, member = member }]]) :
    "${pair.topic} ${pair.member}" => pair
  }

  topic  = google_pubsub_topic.topics[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# An erasure throws away the dead letters that name its person.
resource "google_pubsub_subscription_iam_member" "privacy" {
  subscription = google_pubsub_subscription.dead_letters.id
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.functions["privacy"].member
}
