# Where the images are. Those in use are named by digest, so old ones may go.

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84: Google's keys encrypt it; an image holds no data of anybody

  repository_id = "attune"
  location      = var.region
  format        = "DOCKER"
  description   = "images of Attune's functions"

  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "${90 * 24 * 3600}s"
    }
  }
  cleanup_policies {
    id     = "last"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  depends_on = [google_project_service.apis]
}
