# The settings of shared/settings.py as environment variables: those that Terraform knows, those that are secret, and
# those that var.settings may give. generated/settings.json lists them all.

locals {
  known_settings  = jsondecode(file("${path.module}/generated/settings.json"))
  secret_settings = ["api_keys", "operator_keys", "token_secrets", "webhook_secret", "write_keys"]

  filled_settings = {
    backend       = "gcp"
    project       = var.project
    database      = var.database
    dataset       = var.dataset
    ga4_dataset   = var.ga4_dataset
    items_table   = var.items_table
    train_minutes = tostring(var.train_minutes)
    factors       = var.factors_bucket == "" ? "" : "gs://${var.factors_bucket}/attune"
    log           = "json"
  }

  # Local stacks only, or told by the image.
  other_settings = ["data", "bigquery_endpoint", "commit"]

  free_settings = setsubtract(local.known_settings, concat(keys(local.filled_settings), local.secret_settings, local.other_settings))

  environment = { for name, value in merge(local.filled_settings, var.settings) : "ATTUNE_${upper(name)}" => value if value != "" }
}
