# Whom to tell, and of what.

variable "alert_email" {
  description = "who is told of alerts and of the budget; without, alerts show on the console only"
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^@ ]+@[^@ ]+\\.[^@ ]+)?$", var.alert_email))
    error_message = "alert_email: expected one address, or nothing."
  }
}

variable "budget" {
  description = "what a month should not cost more than, in the billing account's currency; 0: no budget"
  type        = number
  default     = 50

  validation {
    condition     = var.budget >= 0 && floor(var.budget) == var.budget
    error_message = "budget: expected a whole number, or 0."
  }
}

variable "unacked_s" {
  description = "a message that waits longer, in seconds, is an alert"
  type        = number
  default     = 300

  validation {
    condition     = var.unacked_s >= 60
    error_message = "unacked_s: expected at least 60: Pub/Sub's figure is about that old itself."
  }
}

variable "latency_p99_ms" {
  description = "function → 99th percentile of its answers, in ms, above which it is an alert"
  type        = map(number)
  default     = { collect = 1000, recommend = 500 }

  validation {
    condition     = alltrue([for name, ms in var.latency_p99_ms : contains(keys(local.functions), name) && ms > 0])
    error_message = "latency_p99_ms: expected names of functions, and more than 0 ms for each."
  }
}

variable "error_ratio" {
  description = "share of a function's answers with status 5xx above which it is an alert"
  type        = number
  default     = 0.01

  validation {
    condition     = var.error_ratio > 0 && var.error_ratio < 1
    error_message = "error_ratio: expected a share between 0 and 1."
  }
}

variable "freshness_s" {
  description = "95th percentile of the time from an event to its profile, in seconds, above which it is an alert"
  type        = number
  default     = 10

  validation {
    condition     = var.freshness_s > 0
    error_message = "freshness_s: expected more than 0 seconds."
  }
}

variable "keep_request_log" {
  description = "whether Cloud Run's own log of requests is kept, with people's addresses and URLs"
  type        = bool
  default     = false
}
