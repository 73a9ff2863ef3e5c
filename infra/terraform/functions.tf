# Every function on one page: how large it is, and what it may do. services.tf and the iam_*.tf files read these tables.

locals {
  # cpu, memory: of an instance. concurrency: requests at a time; more than one needs a whole processor; recommend
  # computes a millisecond for each, and more of them would wait for each other longer than for the store. None of the
  # functions is threaded (infra/decisions/0010): were one, THREADS would have to be its concurrency. most: instances.
  # timeout_s: of a request; of a delivery also how long Pub/Sub waits for its answer, which is 600 at most.
  sizes = {
    collect        = { cpu = 1, memory = "512Mi", concurrency = 80, timeout_s = 30, most = var.max_instances }
    normalize      = { cpu = 1, memory = "512Mi", concurrency = 80, timeout_s = 60, most = var.max_instances }
    privacy        = { cpu = 1, memory = "1Gi", concurrency = 4, timeout_s = 600, most = 2 }
    profiles       = { cpu = 1, memory = "1Gi", concurrency = 8, timeout_s = 600, most = 4 }
    pull           = { cpu = 1, memory = "1Gi", concurrency = 4, timeout_s = 1800, most = 1 } # a second one would pull the same
    recommend      = { cpu = 1, memory = "512Mi", concurrency = 16, timeout_s = 30, most = var.max_instances }
    retrain        = merge(local.trainer, { concurrency = 8, timeout_s = 1800, most = 1 })
    sweep          = { cpu = 1, memory = "512Mi", concurrency = 4, timeout_s = 1800, most = 1 }
    update_items   = { cpu = 1, memory = "512Mi", concurrency = 80, timeout_s = 60, most = var.max_instances }
    update_profile = { cpu = 1, memory = "512Mi", concurrency = 80, timeout_s = 60, most = var.max_instances }
  }

  # Where trainings are a job's, the service only answers what is asked about models.
  trainer = local.train_as_job ? { cpu = 1, memory = "1Gi" } : { cpu = var.train_cpu, memory = var.train_memory }

  # publishes: to which topics. queries: whether it runs BigQuery jobs; on which tables, iam_bigquery.tf says.
  # secrets: which secret settings it gets, as far as var.secrets has them. Documents: all functions, iam_firestore.tf.
  rights = {
    collect        = { publishes = ["events", "items", "privacy-requests"], queries = false, secrets = ["write_keys", "webhook_secret"] }
    normalize      = { publishes = ["events", "items", "privacy-requests", "dead-letters"], queries = false, secrets = [] }
    privacy        = { publishes = ["privacy-requests", "refolds", "dead-letters"], queries = true, secrets = ["operator_keys"] }
    profiles       = { publishes = ["persona-changes", "refolds", "dead-letters"], queries = true, secrets = ["api_keys", "operator_keys", "token_secrets"] }
    pull           = { publishes = ["events", "items"], queries = true, secrets = [] }
    recommend      = { publishes = ["decisions"], queries = false, secrets = ["api_keys", "operator_keys", "token_secrets"] }
    retrain        = { publishes = [], queries = true, secrets = ["operator_keys"] }
    sweep          = { publishes = ["persona-changes", "refolds"], queries = false, secrets = [] }
    update_items   = { publishes = ["dead-letters"], queries = false, secrets = [] }
    update_profile = { publishes = ["persona-changes", "refolds", "dead-letters"], queries = false, secrets = [] }
  }

  # Called by Pub/Sub only, so closed to everything outside Google Cloud.
  internal = ["update_items", "update_profile"]

  functions = { for name, size in local.sizes : name => merge(size, local.rights[name]) }

  # Those that run: all, once there are images.
  running = { for name, function in local.functions : name => function if contains(keys(var.images), name) }

  # Of services and service accounts, which allow no underscore. infra/deploy/gcloud.py calls them the same.
  names = { for name in keys(local.functions) : name => "attune-${replace(name, "_", "-")}" }
}
