# What a person or a release asks for afterwards: terraform output.

output "urls" {
  description = "function → the address of its service"
  value       = { for name, service in google_cloud_run_v2_service.functions : name => service.uri }
}

output "registry" {
  description = "where images are pushed: REGISTRY/FUNCTION"
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "build_account" {
  description = "as whom builds and releases run"
  value       = google_service_account.build.email
}

output "build_bucket" {
  description = "where builds keep sources and bills of materials"
  value       = google_storage_bucket.build.url
}

output "secrets" {
  description = "setting → the secret that a version must be added to before images are given"
  value       = { for name, secret in google_secret_manager_secret.settings : name => secret.secret_id }
}

output "retraining" {
  description = "what trains by the clock: the service, or the job of the same image"
  value       = local.train_as_job ? "job" : "service"
}

output "dead_letters" {
  description = "the subscription that keeps them"
  value       = google_pubsub_subscription.dead_letters.id
}
