variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of the provisioning template and start of its role's name, at most 36 characters. Another name makes a new template; the CAs that refer to it change over before the old one goes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,36}$", var.name))
    error_message = "name must be 1 to 36 letters, digits, hyphens or underscores (an AWS IoT limit)."
  }
}

variable "name_prefix" {
  description = "Start of the fleet's names: 2 to 20 lower-case letters, digits and hyphens."
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
  description = "Whether devices can be provisioned with the template, whichever CA signed them. An inline one is switched off at its CA."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.enabled || !var.inline
    error_message = "enabled cannot be false when inline is true: there is no template to switch off. Switch the CA's allow_auto_registration off."
  }
}

variable "inline" {
  description = "Whether the body goes into the CA's registration (output registration_config) in place of a template that several CAs refer to. Makes the role only."
  type        = bool
  default     = false
  nullable    = false
}

variable "prune_template_versions" {
  description = "Whether a function removes old versions of the template before each change of its body. AWS IoT keeps five at most and the provider never removes one. False leaves that to the operator command. An inline body has no versions."
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
    condition     = !(var.create && !var.inline && var.prune_template_versions) || var.prune_function.name != null
    error_message = "prune_function.name must be set (module template-versions makes the function), or prune_template_versions must be false."
  }
}

variable "pre_provisioning_hook_arn" {
  description = "Must be null: AWS IoT allows no hook on a JITP template."
  type        = string
  default     = null

  validation {
    condition     = var.pre_provisioning_hook_arn == null
    error_message = "pre_provisioning_hook_arn must be null: AWS IoT allows no hook on a JITP template. To admit enrolled devices only, register the CA with gate = \"registry\"."
  }
}

variable "thing_name" {
  description = "Which field of the certificate is the thing's name, whole: CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber, StateName, or Id, which is the certificate's id in AWS IoT."
  type = object({
    parameter = optional(string, "CommonName")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(local.fields, coalesce(var.thing_name.parameter, "-"))
    error_message = "thing_name.parameter must be CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber, StateName or Id: AWS IoT takes nothing else from a certificate."
  }
}

variable "thing_name_prefix" {
  description = "Start of the names of things that the role may make, change and attach certificates to; null means <name>-, the template's. Give each maker its own: a CA whose certificates may name another's things can sign its way into them. \"\" means any thing of the account."
  type        = string
  default     = null

  validation {
    condition     = var.thing_name_prefix == null ? true : can(regex("^[a-zA-Z0-9_-]{0,127}$", var.thing_name_prefix))
    error_message = "thing_name_prefix must be up to 127 letters, digits, hyphens or underscores; it needs no *."
  }
}

variable "attributes" {
  description = <<-EOT
    Thing attributes by name, at most 50, or 3 without a thing type. One of:
    - `value`: a literal;
    - `parameter`: a field of the certificate, one of those that `thing_name` takes.
  EOT
  type = map(object({
    value     = optional(string)
    parameter = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.attributes) <= (var.thing_type_name == null ? 3 : 50)
    error_message = "attributes may have at most 50 entries, and without thing_type_name 3 (AWS IoT limits)."
  }

  validation {
    condition     = alltrue([for name in keys(var.attributes) : can(regex("^[a-zA-Z0-9_.,@/:#-]{1,128}$", name))])
    error_message = "attributes must be keyed by 1 to 128 letters, digits or _.,@/:#-."
  }

  validation {
    condition     = alltrue([for entry in values(var.attributes) : (entry.value == null) != (entry.parameter == null)])
    error_message = "attributes[*] must have exactly one of value and parameter."
  }

  validation {
    condition     = alltrue([for entry in values(var.attributes) : entry.value == null ? true : can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{0,800}$", entry.value))])
    error_message = "attributes[*].value may have at most 800 letters, digits or _.,@/:#=[]- (an AWS IoT limit: no space, no +, no %)."
  }

  validation {
    condition     = alltrue([for entry in values(var.attributes) : entry.parameter == null ? true : contains(local.fields, entry.parameter)])
    error_message = "attributes[*].parameter must be CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber, StateName or Id: AWS IoT takes nothing else from a certificate."
  }
}

variable "thing_type_name" {
  description = "Thing type of every device; it must exist. null for none."
  type        = string
  default     = null

  validation {
    condition     = var.thing_type_name == null ? true : can(regex("^[a-zA-Z0-9_-]{1,128}$", var.thing_type_name))
    error_message = "thing_type_name must be 1 to 128 letters, digits, hyphens or underscores."
  }
}

variable "thing_groups" {
  description = <<-EOT
    Groups that every device joins, at most 10; they must exist, and no two be in one hierarchy.
    - `names`: the same for all devices.
    - `from_subject`: one whose name is a field of the certificate's subject, `parameter`, and `names`, which may occur. The role adds things to no other. With `template_body` it says which may occur, and without it any group of the account may.
  EOT
  type = object({
    names = optional(set(string), [])
    from_subject = optional(object({
      parameter = string
      names     = set(string)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.thing_groups.names) + length(var.thing_groups.from_subject[*]) <= 10
    error_message = "thing_groups may have a device join at most 10 groups (an AWS IoT limit): names, and the one of from_subject."
  }

  validation {
    condition     = alltrue([for name in setunion(var.thing_groups.names, flatten(var.thing_groups.from_subject[*].names)) : can(regex("^[a-zA-Z0-9_-]{1,128}$", name))])
    error_message = "thing_groups.names and thing_groups.from_subject.names must be 1 to 128 letters, digits, hyphens or underscores each."
  }

  validation {
    condition     = var.thing_groups.from_subject == null ? true : contains(local.subject_fields, var.thing_groups.from_subject.parameter) && length(var.thing_groups.from_subject.names) > 0
    error_message = "thing_groups.from_subject must have a parameter (CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber or StateName) and the names that may occur in it."
  }

  validation {
    condition     = length(setintersection(var.thing_groups.names, flatten(var.thing_groups.from_subject[*].names))) == 0
    error_message = "thing_groups.names and thing_groups.from_subject.names may not share a name: the device would join that group twice."
  }

  validation {
    condition     = length([for name in var.thing_groups.names : name if startswith(name, "${var.name_prefix}-")]) + min(1, length([for name in flatten(var.thing_groups.from_subject[*].names) : name if startswith(name, "${var.name_prefix}-")])) <= 1
    error_message = "thing_groups may have a device join at most one group that begins with <name_prefix>-: those are one hierarchy, and AWS IoT refuses a thing in two groups of one."
  }
}

variable "policy_name" {
  description = "IoT policy of every device; it must exist. Needed unless there is a template_body or create is false."
  type        = string
  default     = null

  validation {
    condition     = !var.create || (var.policy_name == null) == (var.template_body != null)
    error_message = "policy_name must be set, or template_body in its place, and not both: without a policy a device may not even connect."
  }

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
    error_message = "additional_policies may name at most 9 policies: a certificate may have 10, and one is policy_name."
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

variable "override_settings" {
  description = <<-EOT
    What happens when the thing exists already: DO_NOTHING, REPLACE, FAIL or, for attributes and groups, MERGE.
    - `attribute_payload`: MERGE renews what the template sets and keeps what an operator added.
    - `thing_type_name`: REPLACE makes it what the template says.
    - `thing_groups`: DO_NOTHING leaves a device where an operator put it, quarantine for example.
    - `certificate_status`: null leaves it out; the certificate is a new one.
  EOT
  type = object({
    attribute_payload  = optional(string, "MERGE")
    thing_type_name    = optional(string, "REPLACE")
    thing_groups       = optional(string, "DO_NOTHING")
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

variable "template_body" {
  description = "A whole body, as JSON, in place of the one that the inputs above describe; the same rules hold. Of those inputs only `thing_name_prefix` and `thing_groups.from_subject` go with it: they limit the role. White space and the order of keys do not matter."
  type        = string
  default     = null

  validation {
    condition     = var.template_body == null ? true : can(keys(jsondecode(var.template_body)))
    error_message = "template_body must be a JSON object: the text of the template itself, not the registration configuration around it."
  }

  validation {
    condition     = var.template_body == null ? true : var.thing_name.parameter == "CommonName" && length(var.attributes) + length(var.thing_groups.names) + length(var.additional_policies) == 0 && var.thing_type_name == null && var.billing_group == null && jsonencode(var.override_settings) == jsonencode({ attribute_payload = "MERGE", thing_type_name = "REPLACE", thing_groups = "DO_NOTHING", certificate_status = null })
    error_message = "template_body says it all: thing_name, attributes, thing_type_name, thing_groups.names, policy_name, additional_policies, billing_group and override_settings may not be set beside it."
  }
}

variable "provisioning_role" {
  description = <<-EOT
    The role that AWS IoT takes to register a device:
    - `managed_policy`: attach the managed AWSIoTThingsRegistration in place of the scoped policy. It allows making and attaching any IoT policy, and changing any thing, of the account.
    - `trust_source_arn`: what aws:SourceArn must be like. null means every AWS IoT resource of this account and region, the one form that AWS documents.
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
