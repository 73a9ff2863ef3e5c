terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # The bucket is named at init: terraform init -backend-config=bucket=PROJECT-terraform (make deploy makes it).
  backend "gcs" {
    prefix = "attune"
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # Budgets are the billing account's: without these two a person's own credentials name no project to charge the call to.
  billing_project       = var.project
  user_project_override = true

  default_labels = local.labels
}

# Read while planning, so that its number is known: the API cloudresourcemanager must be on before (make deploy sees to it).
data "google_project" "this" {
  project_id = var.project
}

locals {
  labels = { application = "attune", environment = var.environment }

  # Google's own account that delivers messages, writes them to BigQuery and forwards dead letters.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
