# Who may call which service.

resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = setintersection(keys(local.pushed), keys(local.running))

  name     = google_cloud_run_v2_service.functions[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_cloud_run_v2_service_iam_member" "schedule" {
  for_each = toset([for schedule in values(local.schedules) : schedule.function])

  name     = google_cloud_run_v2_service.functions[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.schedule.member
}

resource "google_cloud_run_v2_job_iam_member" "schedule" {
  count = length(google_cloud_run_v2_job.retrain)

  name     = google_cloud_run_v2_job.retrain[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.schedule.member
}

# Pages call these without an account: only those that var.public names, which is none by default.
resource "google_cloud_run_v2_service_iam_member" "public" {
  for_each = setintersection(var.public, keys(local.running))

  name     = google_cloud_run_v2_service.functions[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_member" "invokers" {
  for_each = {
    for pair in flatten([for name, members in var.invokers : [for member in members : { function = name, member = member }]]) :
    "${pair.function} ${pair.member}" => pair if contains(keys(local.running), pair.function)
  }

  name     = google_cloud_run_v2_service.functions[each.value.function].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value.member
}
