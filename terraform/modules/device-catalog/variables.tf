variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name_prefix" {
  description = "Start of every name: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "device_types" {
  description = <<-EOT
    The kinds of device, by key (1 to 32 lower-case letters, digits and hyphens; `devices` is taken by the parent group). The thing type, the thing group and the IoT policy of a kind are all called <name_prefix>-<key>.
    - `description`: of the thing type and the thing group.
    - `searchable_attributes`: up to three attribute names of the thing type.
    - `reprovision_policy`: what a device may do that has been provisioned before: `never`, or `replace` its certificate. The enrolment tool copies it into the device's record.
    - `policy_file`: path of a policy template (see README for the variables it may use), or
    - `topics`: what a device may `publish` and `subscribe` to. A topic is relative to <name_prefix>/<key>/<thing name>/, unless it holds the variable $${iot:Connection.Thing.ThingName} itself; `*` as the last level stands for everything below.
    - `first_shadow`: what the device lifecycle writes into the shadow of a device that came up, once, and never over a value that is there. `desired`: the settings, a JSON object (`jsonencode({...})`); null means the one shipped under first-shadows with the key's name, else first-shadows/default.json. `name`: of a named shadow; null is the classic one. `enabled = false`: none is written.

    With neither `policy_file` nor `topics`, the policy is the one shipped under policies/iot with the key's name.
  EOT
  type = map(object({
    description           = optional(string, "")
    searchable_attributes = optional(set(string), [])
    reprovision_policy    = optional(string, "never")
    policy_file           = optional(string)
    topics = optional(object({
      publish   = optional(list(string), [])
      subscribe = optional(list(string), [])
    }))
    first_shadow = optional(object({
      enabled = optional(bool, true)
      name    = optional(string)
      desired = optional(string)
    }), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.device_types) : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", key))])
    error_message = "device_types must be keyed by 1 to 32 lower-case letters, digits and hyphens, the first no hyphen."
  }

  validation {
    condition     = !contains(keys(var.device_types), "devices")
    error_message = "device_types may not have the key devices: <name_prefix>-devices is the group above all others. Choose another key."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : length(type.description) <= 2028 && can(regex("^[\\x20-\\x7e]*$", type.description))])
    error_message = "device_types[*].description may have at most 2028 printable ASCII characters."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : length(type.searchable_attributes) <= 3])
    error_message = "device_types[*].searchable_attributes may name at most 3 attributes (an AWS IoT limit)."
  }

  validation {
    condition = alltrue(flatten([
      for type in values(var.device_types) :
      [for name in type.searchable_attributes : can(regex("^[a-zA-Z0-9_.,@/:#-]{1,128}$", name))]
    ]))
    error_message = "device_types[*].searchable_attributes must be 1 to 128 letters, digits or _.,@/:#- each."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : contains(["never", "replace"], type.reprovision_policy)])
    error_message = "device_types[*].reprovision_policy must be never or replace."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : type.policy_file == null || type.topics == null])
    error_message = "device_types[*] may have policy_file or topics, not both: take one out."
  }

  validation {
    condition = alltrue([
      for key, type in var.device_types :
      type.policy_file != null || type.topics != null || fileexists("${path.module}/../../../policies/iot/${key}.json.tftpl")
    ])
    error_message = "device_types[*] must have policy_file or topics: no policy is shipped under that key (shipped: temperature-sensor, humidity-sensor, pressure-sensor, gateway)."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : type.policy_file == null ? true : fileexists(type.policy_file)])
    error_message = "device_types[*].policy_file must name a file that exists; begin it with path.root or path.module."
  }

  validation {
    condition = alltrue(flatten([
      for type in values(var.device_types) : [
        for topic in try(concat(type.topics.publish, type.topics.subscribe), []) :
        can(regex("^([A-Za-z0-9_.:=@,-]+)(/[A-Za-z0-9_.:=@,-]+)*(/\\*)?$", topic)) ||
        can(regex("^([A-Za-z0-9_.:=@,-]+/)*\\$\\{iot:Connection\\.Thing\\.ThingName\\}(/[A-Za-z0-9_.:=@,-]+)*(/\\*)?$", topic))
      ]
    ]))
    error_message = "device_types[*].topics must be levels of letters, digits or _.:=@,- divided by slashes, with at least one level before a final *, for example telemetry or commands/*. Use * and not # or +, and no $ except for the variable ${local.thing_name} as a level of its own."
  }

  validation {
    # A thing name has up to 85 characters and its own topic root up to 140; AWS IoT takes topics of 256 bytes and 7 slashes.
    condition = alltrue(flatten([
      for type in values(var.device_types) : [
        for topic in try(concat(type.topics.publish, type.topics.subscribe), []) :
        strcontains(topic, local.thing_name) ? length(topic) <= 204 && length(split("/", topic)) <= 8 : length(topic) <= 116 && length(split("/", topic)) <= 5
      ]
    ]))
    error_message = "device_types[*].topics are too long or too deep: AWS IoT takes 256 bytes and 7 slashes, so a relative topic may have 116 characters and 5 levels, one with the thing name's variable 204 characters and 8 levels."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : type.first_shadow.name == null ? true : can(regex("^[a-zA-Z0-9:_-]{1,64}$", type.first_shadow.name))])
    error_message = "device_types[*].first_shadow.name must be 1 to 64 letters, digits or :_-, or null for the classic shadow."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : type.first_shadow.desired == null ? true : can(keys(jsondecode(type.first_shadow.desired)))])
    error_message = "device_types[*].first_shadow.desired must be a JSON object, for example jsonencode({ reportingInterval = 60 }), or null for the shipped one."
  }

  validation {
    condition     = alltrue([for type in values(var.device_types) : !strcontains(coalesce(type.first_shadow.desired, "-"), "{{")])
    error_message = "device_types[*].first_shadow.desired may not hold {{: SSM takes that for a reference to another parameter, and refuses it."
  }

  validation {
    # Bytes: what base64 makes of them, three for each four characters, without the padding.
    condition = alltrue([
      for document in [for type in values(var.device_types) : base64encode(try(jsonencode({ name = type.first_shadow.name, desired = jsondecode(type.first_shadow.desired) }), "")) if type.first_shadow.desired != null] :
      length(document) / 4 * 3 - length(regexall("=", document)) <= 4096
    ])
    error_message = "device_types[*].first_shadow: name and desired may have 4096 bytes together as JSON (an SSM parameter's limit; a shadow's own is 8 KB). Take settings out."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)) && !startswith(lower(key), "aws:")
    ])
    error_message = "tags may have at most 50 entries; keys of 1 to 128 and values of up to 256 letters, digits, spaces or _.:/=+-@, and no key may begin with aws:."
  }
}
