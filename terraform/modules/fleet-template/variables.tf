variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of the provisioning template, at most 36 characters. Devices and claim policies carry it: it cannot change without new firmware."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,36}$", var.name))
    error_message = "name must be 1 to 36 letters, digits, hyphens or underscores (an AWS IoT limit)."
  }
}

variable "name_prefix" {
  description = "Start of the names of things, thing types, thing groups and policies, which the provisioning role may touch: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "description" {
  description = "Description of the template, at most 500 characters."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[^\\p{C}]{0,500}$", var.description))
    error_message = "description may have at most 500 characters, none of them a control character."
  }
}

variable "enabled" {
  description = "Whether devices can be provisioned with the template. False is the emergency switch when a claim certificate leaked."
  type        = bool
  default     = true
  nullable    = false
}

variable "hook_arn" {
  description = "ARN of the pre-provisioning hook's alias (the provisioning-hook module's output hook_arn); needed unless create is false. There is no template without a hook: it would admit any device that holds the shared claim."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.hook_arn != null
    error_message = "hook_arn must be set: without a hook, anybody with the claim certificate could register anything."
  }

  validation {
    condition     = var.hook_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]+$", var.hook_arn))
    error_message = "hook_arn must be the ARN of a function's alias or version (arn:aws:lambda:REGION:ACCOUNT:function:NAME:live): the permission to call it is on the alias."
  }
}

variable "prune_template_versions" {
  description = "Whether a function removes old versions of the template before each change of its body. AWS IoT keeps five at most and the provider never removes one. False leaves that to the operator command."
  type        = bool
  default     = true
  nullable    = false
}

variable "prune_function" {
  description = "Name and alias of the function that removes old versions (the template-versions module's outputs)."
  type = object({
    name      = optional(string)
    qualifier = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !(var.create && var.prune_template_versions) || var.prune_function.name != null
    error_message = "prune_function.name must be set (module template-versions makes the function), or prune_template_versions must be false."
  }
}

variable "parameters" {
  description = "What a device may say about itself besides its serial number, type and manufacturer: parameter name to its default. Each becomes a thing attribute unless `attributes` says otherwise."
  type = map(object({
    default = optional(string, "unknown")
  }))
  default = {
    FirmwareVersion = {}
    Location        = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.parameters) : can(regex("^[A-Z][A-Za-z0-9]{0,127}$", name))])
    error_message = "parameters must be keyed by 1 to 128 letters and digits, the first a capital: the attribute of the same name begins with a small letter."
  }

  validation {
    condition     = alltrue([for name in keys(var.parameters) : !contains(local.hook_parameters, name)])
    error_message = "parameters may not use a name that the hook sets: ThingName, ThingTypeName, ThingGroupName, PolicyName, SerialNumber, DeviceType, Manufacturer, ProvisionedAt. Choose another."
  }

  validation {
    condition     = alltrue([for parameter in values(var.parameters) : can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{1,800}$", parameter.default))])
    error_message = "parameters[*].default must be 1 to 800 letters, digits or _.,@/:#=[]- (what AWS IoT takes as an attribute's value: no space, no +, no %)."
  }
}

variable "attributes" {
  description = <<-EOT
    Thing attributes by name, at most 50; null maps the serial number, type, manufacturer, time of provisioning and every one of `parameters`. One of:
    - `value`: a literal;
    - `parameter`: the value of a declared parameter;
    - `lookup`: what `mappings` holds under `map`, the parameter's value and `name`;
    - `join`: literals and parameters, with a separator.
  EOT
  type = map(object({
    value     = optional(string)
    parameter = optional(string)
    lookup = optional(object({
      map       = string
      parameter = string
      name      = string
    }))
    join = optional(object({
      separator = optional(string, "")
      parts = list(object({
        value     = optional(string)
        parameter = optional(string)
      }))
    }))
  }))
  default = null

  validation {
    condition     = length(coalesce(var.attributes, {})) <= 50 && (var.attributes != null || length(var.parameters) <= 46)
    error_message = "attributes may have at most 50 entries (an AWS IoT limit); without attributes, parameters may have 46, because four more are added to them."
  }

  validation {
    condition     = alltrue([for name in keys(coalesce(var.attributes, {})) : can(regex("^[a-zA-Z0-9_.,@/:#-]{1,128}$", name))])
    error_message = "attributes must be keyed by 1 to 128 letters, digits or _.,@/:#-."
  }

  validation {
    condition = alltrue([
      for literal in flatten([
        for entry in values(coalesce(var.attributes, {})) :
        [coalesce(entry.value, "-"), [for part in try(entry.join.parts, []) : coalesce(part.value, "-")], coalesce(try(entry.join.separator, "-"), "-")]
      ]) : can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{0,800}$", literal))
    ])
    error_message = "attributes[*] literals (value, join.separator, join.parts[*].value) may have at most 800 letters, digits or _.,@/:#=[]- (an AWS IoT limit: no space, no +, no %)."
  }

  validation {
    condition = alltrue([
      for entry in values(coalesce(var.attributes, {})) :
      entry.lookup == null ? true : alltrue([for row in values(try(var.mappings[entry.lookup.map], {})) : can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{0,800}$", try(row[entry.lookup.name], "")))])
    ])
    error_message = "mappings that attributes look up may hold values of at most 800 letters, digits or _.,@/:#=[]- (an AWS IoT limit: no space, no +, no %)."
  }

  validation {
    condition = alltrue([
      for entry in values(coalesce(var.attributes, {})) :
      length([for source in [entry.value, entry.parameter, entry.lookup == null ? null : "", entry.join == null ? null : ""] : source if source != null]) == 1
    ])
    error_message = "attributes[*] must have exactly one of value, parameter, lookup and join. A value is a single string: nested objects are not possible."
  }

  validation {
    condition = alltrue(flatten([
      for entry in values(coalesce(var.attributes, {})) : [
        for part in try(entry.join.parts, []) : (part.value == null) != (part.parameter == null)
      ]
    ]))
    error_message = "attributes[*].join.parts[*] must have exactly one of value and parameter."
  }

  validation {
    condition = alltrue([
      for parameter in compact(flatten([
        for entry in values(coalesce(var.attributes, {})) :
        [entry.parameter, try(entry.lookup.parameter, null), try(entry.join.parts[*].parameter, [])]
      ])) : contains(concat(local.hook_parameters, keys(var.parameters)), parameter)
    ])
    error_message = "attributes refers to a parameter that the template does not declare: add it to parameters, or use one of those the hook sets (ThingName, ThingTypeName, ThingGroupName, PolicyName, SerialNumber, DeviceType, Manufacturer, ProvisionedAt)."
  }

  validation {
    condition = alltrue([
      for entry in values(coalesce(var.attributes, {})) :
      entry.lookup == null ? true : contains(keys(var.mappings), entry.lookup.map) && alltrue([for row in values(try(var.mappings[entry.lookup.map], {})) : contains(keys(row), entry.lookup.name)])
    ])
    error_message = "attributes[*].lookup must name a map of mappings and a name that every entry of that map has: provisioning fails for a device whose look-up finds nothing."
  }
}

variable "thing_type_name" {
  description = "A thing type for every device of this template; null takes the one of the device's kind, which the hook sets."
  type        = string
  default     = null

  validation {
    condition     = var.thing_type_name == null ? true : can(regex("^[a-zA-Z0-9_-]{1,128}$", var.thing_type_name))
    error_message = "thing_type_name must be 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "thing_group_name" {
  description = "A thing group for every device of this template; null takes the one of the device's kind, which the hook sets."
  type        = string
  default     = null

  validation {
    condition     = var.thing_group_name == null ? true : can(regex("^[a-zA-Z0-9_-]{1,128}$", var.thing_group_name))
    error_message = "thing_group_name must be 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "additional_thing_groups" {
  description = "Further groups that every device joins. They must exist and not be in the hierarchy of <name_prefix>-devices: AWS IoT refuses a thing in two groups of one hierarchy."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.additional_thing_groups) <= 9
    error_message = "additional_thing_groups may name at most 9 groups: a thing may be in 10, and one is the group of its kind."
  }

  validation {
    condition     = alltrue([for name in var.additional_thing_groups : can(regex("^[a-zA-Z0-9_-]{1,128}$", name))])
    error_message = "additional_thing_groups must be 1 to 128 letters, digits, hyphens or underscores each."
  }

  validation {
    condition     = alltrue([for name in var.additional_thing_groups : !startswith(name, "${var.name_prefix}-") && name != coalesce(var.thing_group_name, "-")])
    error_message = "additional_thing_groups may not begin with <name_prefix>- or repeat thing_group_name: those groups belong to the hierarchy that the device is in already, and AWS IoT refuses two of one hierarchy."
  }
}

variable "policy_name" {
  description = "An IoT policy for every device of this template; null takes the one of the device's kind, which the hook sets."
  type        = string
  default     = null

  validation {
    condition     = var.policy_name == null ? true : can(regex("^[\\w+=,.@-]{1,128}$", var.policy_name))
    error_message = "policy_name must be 1 to 128 letters, digits or _+=,.@-."
  }
}

variable "additional_policies" {
  description = "Names of further IoT policies that every device's certificate gets. They must exist."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.additional_policies) <= 9
    error_message = "additional_policies may name at most 9 policies: a certificate may have 10, and one is the policy of its kind."
  }

  validation {
    condition     = alltrue([for name in var.additional_policies : can(regex("^[\\w+=,.@-]{1,128}$", name))])
    error_message = "additional_policies must be 1 to 128 letters, digits or _+=,.@- each."
  }
}

variable "billing_group" {
  description = "Name of an existing billing group that every device joins; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.billing_group == null ? true : can(regex("^[a-zA-Z0-9_-]{1,128}$", var.billing_group))
    error_message = "billing_group must be 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "mappings" {
  description = "Look-up tables of the template: map, then the value of a parameter, then a name."
  type        = map(map(map(string)))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, rows in var.mappings : can(regex("^[A-Za-z][A-Za-z0-9]{0,127}$", name)) && length(rows) > 0])
    error_message = "mappings must be keyed by 1 to 128 letters and digits, the first a letter, and each must have an entry."
  }

  validation {
    condition = alltrue(flatten([
      for rows in values(var.mappings) : [
        for key, row in rows : length(key) >= 1 && length(key) <= 128 && length(row) > 0 && alltrue([for name in keys(row) : length(name) >= 1 && length(name) <= 128])
      ]
    ]))
    error_message = "mappings[*] must have entries with keys and names of 1 to 128 characters."
  }
}

variable "device_configuration" {
  description = "What the device receives in the answer: key to one string, given as for `attributes`. AWS IoT takes no nested objects."
  type = map(object({
    value     = optional(string)
    parameter = optional(string)
    lookup = optional(object({
      map       = string
      parameter = string
      name      = string
    }))
    join = optional(object({
      separator = optional(string, "")
      parts = list(object({
        value     = optional(string)
        parameter = optional(string)
      }))
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.device_configuration) : can(regex("^[A-Za-z0-9_.-]{1,128}$", name))])
    error_message = "device_configuration must be keyed by 1 to 128 letters, digits or _.-."
  }

  validation {
    condition = alltrue([
      for entry in values(coalesce(var.device_configuration, {})) :
      length([for source in [entry.value, entry.parameter, entry.lookup == null ? null : "", entry.join == null ? null : ""] : source if source != null]) == 1
    ])
    error_message = "device_configuration[*] must have exactly one of value, parameter, lookup and join. A value is a single string: nested objects are not possible."
  }

  validation {
    condition = alltrue(flatten([
      for entry in values(coalesce(var.device_configuration, {})) : [
        for part in try(entry.join.parts, []) : (part.value == null) != (part.parameter == null)
      ]
    ]))
    error_message = "device_configuration[*].join.parts[*] must have exactly one of value and parameter."
  }

  validation {
    condition = alltrue([
      for parameter in compact(flatten([
        for entry in values(coalesce(var.device_configuration, {})) :
        [entry.parameter, try(entry.lookup.parameter, null), try(entry.join.parts[*].parameter, [])]
      ])) : contains(concat(local.hook_parameters, keys(var.parameters)), parameter)
    ])
    error_message = "device_configuration refers to a parameter that the template does not declare: add it to parameters, or use one of those the hook sets (ThingName, ThingTypeName, ThingGroupName, PolicyName, SerialNumber, DeviceType, Manufacturer, ProvisionedAt)."
  }

  validation {
    condition = alltrue([
      for entry in values(coalesce(var.device_configuration, {})) :
      entry.lookup == null ? true : contains(keys(var.mappings), entry.lookup.map) && alltrue([for row in values(try(var.mappings[entry.lookup.map], {})) : contains(keys(row), entry.lookup.name)])
    ])
    error_message = "device_configuration[*].lookup must name a map of mappings and a name that every entry of that map has: provisioning fails for a device whose look-up finds nothing."
  }
}

variable "override_settings" {
  description = <<-EOT
    What happens when the thing exists already, which the hook has allowed by then: DO_NOTHING, REPLACE, FAIL or, for attributes and groups, MERGE.
    - `attribute_payload`: MERGE renews what the template sets and keeps what an operator added.
    - `thing_type_name`: REPLACE; the type comes from the registry. FAIL would refuse a device that repeats its request after a lost answer.
    - `thing_groups`: MERGE; REPLACE would take a device out of the group an operator put it into, quarantine for example.
    - `certificate_status`: null leaves it out; the certificate is a new one.
  EOT
  type = object({
    attribute_payload  = optional(string, "MERGE")
    thing_type_name    = optional(string, "REPLACE")
    thing_groups       = optional(string, "MERGE")
    certificate_status = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for value in [var.override_settings.attribute_payload, var.override_settings.thing_groups] : contains(["DO_NOTHING", "REPLACE", "FAIL", "MERGE"], coalesce(value, "-"))])
    error_message = "override_settings.attribute_payload and override_settings.thing_groups must be DO_NOTHING, REPLACE, FAIL or MERGE."
  }

  validation {
    condition     = contains(["DO_NOTHING", "REPLACE", "FAIL"], coalesce(var.override_settings.thing_type_name, "-")) && contains(["DO_NOTHING", "REPLACE", "FAIL"], coalesce(var.override_settings.certificate_status, "DO_NOTHING"))
    error_message = "override_settings.thing_type_name and override_settings.certificate_status must be DO_NOTHING, REPLACE or FAIL (only attributes and groups can MERGE)."
  }
}

variable "exclusive_thing" {
  description = "Whether a device's certificate can be attached to its own thing only (ThingPrincipalType EXCLUSIVE_THING)."
  type        = bool
  default     = true
  nullable    = false
}

variable "provisioning_role" {
  description = <<-EOT
    The role that AWS IoT takes to register a device:
    - `managed_policy`: attach the managed AWSIoTThingsRegistration in place of the scoped policy. It allows creating and attaching any IoT policy of the account.
    - `trust_source_arn`: what aws:SourceArn must be like. null means every AWS IoT resource of this account and region, the one form that AWS documents; the ARN of the template is narrower.
  EOT
  type = object({
    managed_policy   = optional(bool, false)
    trust_source_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.provisioning_role.trust_source_arn == null ? true : can(regex("^arn:aws[a-z-]*:iot:[a-z0-9-]+:[0-9]{12}:.+$", var.provisioning_role.trust_source_arn))
    error_message = "provisioning_role.trust_source_arn must be the ARN of an AWS IoT resource of one account (arn:aws:iot:REGION:ACCOUNT:...), or null."
  }
}

variable "iam" {
  description = "Path and permissions boundary of the provisioning role, for accounts that demand them."
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([\\x21-\\x7e]{1,510}/)?$", var.iam.path))
    error_message = "iam.path must begin and end with a slash and have at most 512 characters, for example /iot/."
  }

  validation {
    condition     = var.iam.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary_arn))
    error_message = "iam.permissions_boundary_arn must be the ARN of an IAM policy (arn:aws:iam::ACCOUNT:policy/NAME)."
  }
}

variable "claim" {
  description = <<-EOT
    What a claim certificate may do besides registering a thing with this template:
    - `client_id_prefix`: start of the MQTT client ids it may connect with; null means claim-<name>-.
    - `keys_and_certificate`, `csr`: which way to a certificate is open, CreateKeysAndCertificate or CreateCertificateFromCsr.
    - `formats`: payload formats, json and cbor.
  EOT
  type = object({
    client_id_prefix     = optional(string)
    keys_and_certificate = optional(bool, true)
    csr                  = optional(bool, true)
    formats              = optional(set(string), ["json", "cbor"])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.claim.client_id_prefix == null ? true : can(regex("^[A-Za-z0-9_-]{3,64}$", var.claim.client_id_prefix))
    error_message = "claim.client_id_prefix must be 3 to 64 letters, digits, hyphens or underscores; it needs no *."
  }

  validation {
    condition     = !startswith("${var.name_prefix}-", coalesce(var.claim.client_id_prefix, "?")) && !startswith(coalesce(var.claim.client_id_prefix, "claim-"), "${var.name_prefix}-")
    error_message = "claim.client_id_prefix may neither begin with <name_prefix>- nor be the start of it: device client ids do, and a claim could then throw devices off."
  }

  validation {
    condition     = var.claim.keys_and_certificate || var.claim.csr
    error_message = "claim.keys_and_certificate and claim.csr may not both be false: no device could get a certificate."
  }

  validation {
    condition     = length(var.claim.formats) > 0 && length(setsubtract(var.claim.formats, ["json", "cbor"])) == 0
    error_message = "claim.formats must hold json, cbor or both."
  }
}

variable "claim_certificates" {
  description = "Claim certificates by name: the signing request that each is made from (`csr_pem`), or the certificate that the module made in another Region (`certificate_pem`, of its output), so that one claim is good for both; and whether it is active. Keys are made where they are used; none ever comes here."
  type = map(object({
    csr_pem         = optional(string)
    certificate_pem = optional(string)
    active          = optional(bool, true)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.claim_certificates) : can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", name))])
    error_message = "claim_certificates must be keyed by 1 to 64 letters, digits or _.-, the first a letter or digit."
  }

  validation {
    condition     = alltrue([for certificate in values(var.claim_certificates) : (certificate.csr_pem == null) != (certificate.certificate_pem == null)])
    error_message = "claim_certificates must each have either csr_pem, to be made here, or certificate_pem, to be registered here as it is. Give one of the two."
  }

  validation {
    condition     = alltrue([for certificate in values(var.claim_certificates) : !strcontains(coalesce(certificate.csr_pem, certificate.certificate_pem, " "), "PRIVATE KEY")])
    error_message = "claim_certificates[*].csr_pem holds a private key. Give the signing request alone, and treat that key as known to others: it has been in a plan."
  }

  validation {
    condition     = alltrue([for certificate in values(var.claim_certificates) : certificate.csr_pem == null ? true : can(regex("^\\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\\s]+-----END (NEW )?CERTIFICATE REQUEST-----\\s*$", certificate.csr_pem))])
    error_message = "claim_certificates[*].csr_pem must be one PEM certificate signing request (-----BEGIN CERTIFICATE REQUEST-----) and nothing else."
  }

  validation {
    condition     = alltrue([for certificate in values(var.claim_certificates) : length(coalesce(certificate.csr_pem, " ")) <= 4096])
    error_message = "claim_certificates[*].csr_pem may have at most 4096 characters (an AWS IoT limit): use an RSA key of 2048 to 4096 bits or an elliptic curve key."
  }

  validation {
    condition     = alltrue([for certificate in values(var.claim_certificates) : certificate.certificate_pem == null ? true : can(regex("^\\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----\\s*$", certificate.certificate_pem))])
    error_message = "claim_certificates[*].certificate_pem must be one PEM certificate (-----BEGIN CERTIFICATE-----) and nothing else."
  }
}

variable "trusted_user_policy" {
  description = "Whether to make an IAM policy for people and systems that may issue temporary claims (CreateProvisioningClaim) for this template."
  type        = bool
  default     = true
  nullable    = false
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
