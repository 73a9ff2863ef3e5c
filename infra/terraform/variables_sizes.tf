# How much of everything: instances, minutes, days.

variable "min_instances" {
  description = "function → instances kept running; each costs about as much as a small machine, and spares cold starts"
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name, n in var.min_instances : contains(keys(local.functions), name) && n >= 0 && n <= 10])
    error_message = "min_instances: expected names of functions, and 0 to 10 of each."
  }
}

variable "max_instances" {
  description = "most instances of each hot function: a bound on the bill, and on what Firestore must take"
  type        = number
  default     = 20

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000
    error_message = "max_instances: expected 1 to 1000."
  }
}

variable "train_minutes" {
  description = "a training that takes longer makes nothing live; above 25 it runs as a Cloud Run job, for Scheduler waits 30"
  type        = number
  default     = 25

  validation {
    condition     = var.train_minutes >= 5 && var.train_minutes <= 1430
    error_message = "train_minutes: expected 5 to 1430, a day less ten minutes."
  }
}

variable "train_cpu" {
  description = "virtual processors of a training"
  type        = number
  default     = 4

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.train_cpu)
    error_message = "train_cpu: expected 1, 2, 4, 6 or 8."
  }
}

variable "train_memory" {
  description = "memory of a training; it is part of the machine that Cloud Run rents, so more of it may need more processors"
  type        = string
  default     = "8Gi"

  validation {
    condition     = can(regex("^([1-9]|[12][0-9]|3[0-2])Gi$", var.train_memory))
    error_message = "train_memory: expected 1Gi to 32Gi."
  }
}

variable "ga4_dataset" {
  description = "dataset of GA4's BigQuery export in the same project, to pull events from"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9_]*$", var.ga4_dataset))
    error_message = "ga4_dataset: expected a dataset's name without its project, as analytics_123456789."
  }
}

variable "items_table" {
  description = "BigQuery table of the catalogue, project.dataset.table, to pull items from"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9_-]+\\.[A-Za-z0-9_]+\\.[A-Za-z0-9_-]+)?$", var.items_table))
    error_message = "items_table: expected project.dataset.table, or nothing."
  }
}

variable "factors_bucket" {
  description = "bucket for what Spark learns from and its factors, where ALS is fitted by Spark (README, Past one machine)"
  type        = string
  default     = ""
}

variable "event_days" {
  description = "days that events and decisions stay in BigQuery; 0: for ever"
  type        = number
  default     = 0

  validation {
    condition     = var.event_days == 0 || var.event_days >= 60
    error_message = "event_days: expected 0, or at least 60: models learn from the last weeks."
  }
}

variable "dead_letter_days" {
  description = "days that a dead letter waits to be put back"
  type        = number
  default     = 14

  validation {
    condition     = var.dead_letter_days >= 1 && var.dead_letter_days <= 31
    error_message = "dead_letter_days: expected 1 to 31, which is as long as Pub/Sub keeps any message."
  }
}

variable "time_zone" {
  description = "time zone of the schedules"
  type        = string
  default     = "Etc/UTC"
}

variable "enforce_event_schema" {
  description = "whether Pub/Sub refuses messages of the topic events that have no id, kind and time"
  type        = bool
  default     = true
}
