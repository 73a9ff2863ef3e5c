# What every deployment is asked for, and where it is. Sizes and limits are in variables_sizes.tf, alerts and money in
# variables_alerts.tf. Only project and region have no default.

variable "project" {
  description = "Google Cloud project that everything is made in; one project holds one environment"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: expected a project's id (6 to 30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "region" {
  description = "region of the services, the topics' messages, the database and the tables, as europe-west1"
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: expected a region, as europe-west1, not a zone or a multi-region."
  }
}

variable "environment" {
  description = "label of everything that is made, and of the alerts"
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "environment: expected lower-case letters, digits and hyphens."
  }
}

variable "images" {
  description = "image of each function by digest, as cloudbuild.yaml makes them: without any, everything but what runs"
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "images: expected each to end with @sha256: and 64 hexadecimal digits. A tag can move."
  }
  validation {
    condition     = length(var.images) == 0 || toset(keys(var.images)) == toset(keys(local.functions))
    error_message = "images: expected one for each function of functions.tf, or none."
  }
}

variable "settings" {
  description = "settings of the README other than those that Terraform fills in, by name without ATTUNE_, as {half_life_days = \"7\"}"
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), local.free_settings)) == 0
    error_message = "settings: expected names out of: ${join(", ", sort(local.free_settings))}."
  }
}

variable "secrets" {
  description = "secret settings that the functions get; each must have a version before images are given"
  type        = set(string)
  default     = ["write_keys", "operator_keys", "api_keys", "token_secrets"]

  validation {
    condition     = length(setsubtract(var.secrets, local.secret_settings)) == 0
    error_message = "secrets: expected some of ${join(", ", local.secret_settings)}."
  }
  validation {
    condition     = contains(var.secrets, "operator_keys")
    error_message = "secrets: expected operator_keys among them: without such keys nobody could erase anybody, or everybody could."
  }
}

variable "public" {
  description = "functions that anybody on the internet may call; they check keys and tokens themselves"
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.public, ["collect", "recommend"])) == 0
    error_message = "public: expected collect, recommend, both or neither. Everything else is for operators and Google's own services."
  }
}

variable "invokers" {
  description = "function → who else may call it, as IAM writes members: {privacy = [\"group:support@example.com\"]}"
  type        = map(set(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.invokers), keys(local.functions))) == 0
    error_message = "invokers: expected names of functions as in functions.tf."
  }
  validation {
    condition     = length(setintersection(flatten([for members in values(var.invokers) : tolist(members)]), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "invokers: expected people, groups or service accounts. For everybody there is the variable public."
  }
}

variable "publishers" {
  description = "topic → who else may publish to it; segment-raw is for Segment's Pub/Sub destination"
  type        = map(set(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.publishers), ["segment-raw", "privacy-requests", "items"])) == 0
    error_message = "publishers: expected segment-raw, privacy-requests or items."
  }
}

variable "database" {
  description = "Firestore database"
  type        = string
  default     = "(default)"

  validation {
    condition     = can(regex("^(\\(default\\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$", var.database))
    error_message = "database: expected (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "dataset" {
  description = "BigQuery dataset"
  type        = string
  default     = "attune"

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*$", var.dataset))
    error_message = "dataset: expected letters, digits and underscores."
  }
}

variable "keep_data" {
  description = "whether the database and the tables refuse to be deleted; to delete them, apply with false first"
  type        = bool
  default     = true
}
