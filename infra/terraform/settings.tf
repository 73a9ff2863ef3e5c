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

  # For local stacks; told by the image; below.
  other_settings = ["data", "bigquery_endpoint", "commit", "iam_callers"]

  free_settings = setsubtract(local.known_settings, concat(keys(local.filled_settings), local.secret_settings, local.other_settings))

  # Servers that var.invokers lets call a function may ask it about anybody. Not where all may call it: Cloud Run then
  # checks no token, and whoever writes one could say that it is theirs (shared/iam.py).
  iam_callers = {
    for name in keys(local.functions) : name => join(",", contains(var.public, name) ? [] : [
      for member in lookup(var.invokers, name, []) : trimprefix(member, "serviceAccount:") if startswith(member, "serviceAccount:")
    ])
  }

  environment = { for name, value in merge(local.filled_settings, var.settings) : "ATTUNE_${upper(name)}" => value if value != "" }
  environments = {
    for name in keys(local.functions) : name =>
    merge(local.environment, local.iam_callers[name] == "" ? {} : { ATTUNE_IAM_CALLERS = local.iam_callers[name] })
  }
}
