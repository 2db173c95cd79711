variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of the CA, at most 36 characters: its tag Name, since AWS IoT knows a CA by an id only, and the start of the names of the gate's function, queue, roles and topic rule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,34}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 36 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "name_prefix" {
  description = "Start of the names of things, thing types, thing groups and policies, which the gate may touch: 2 to 20 lower-case letters, digits and hyphens."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must be 2 to 20 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "certificate_pem" {
  description = "Certificate of the CA that signs the devices' certificates, as PEM. The signing CA alone: of a chain, AWS IoT takes the one CA that is registered. Never a key."
  type        = string
  nullable    = false
  # A certificate is no secret. What somebody pastes here by mistake is, and Terraform prints the values of a failed check.
  sensitive = true

  validation {
    condition     = !strcontains(var.certificate_pem, "PRIVATE KEY")
    error_message = "certificate_pem must not hold a private key: the CA's key stays with whoever runs the CA. Give the certificate alone, and consider the key exposed."
  }

  validation {
    condition     = length(regexall("-----BEGIN CERTIFICATE-----", var.certificate_pem)) <= 1
    error_message = "certificate_pem must hold one certificate: register the CA that signs the devices' certificates, alone, without the CAs above it."
  }

  validation {
    condition     = can(regex("-----BEGIN CERTIFICATE-----\\s+[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----", var.certificate_pem)) && length(var.certificate_pem) <= 65536
    error_message = "certificate_pem must be a certificate as PEM (-----BEGIN CERTIFICATE-----, base64, -----END CERTIFICATE-----) of at most 65536 characters."
  }
}

variable "certificate_mode" {
  description = "SNI_ONLY: no verification certificate, and several accounts may register the same CA; AWS IoT tells them apart by the server name that devices send. DEFAULT: the CA's owner is verified, and one account per region may register it. Certificates of the CA's devices have the same mode."
  type        = string
  default     = "SNI_ONLY"
  nullable    = false

  validation {
    condition     = contains(["SNI_ONLY", "DEFAULT"], var.certificate_mode)
    error_message = "certificate_mode must be SNI_ONLY or DEFAULT."
  }
}

variable "verification_certificate_pem" {
  description = "Certificate, as PEM, that the CA signed for the common name `aws iot get-registration-code` answers with. Needed with certificate_mode DEFAULT, refused with SNI_ONLY."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.certificate_mode == "DEFAULT" ? var.verification_certificate_pem != null : true
    error_message = "verification_certificate_pem must be set with certificate_mode DEFAULT: have the CA sign a certificate whose common name is the account's registration code, or use SNI_ONLY."
  }

  validation {
    condition     = var.certificate_mode == "SNI_ONLY" ? var.verification_certificate_pem == null : true
    error_message = "verification_certificate_pem must be null with certificate_mode SNI_ONLY: AWS IoT refuses it there. Leave it out, or use DEFAULT."
  }

  validation {
    condition     = var.verification_certificate_pem == null ? true : !strcontains(var.verification_certificate_pem, "PRIVATE KEY")
    error_message = "verification_certificate_pem must not hold a private key: give the certificate alone, and consider the key exposed."
  }

  validation {
    condition     = var.verification_certificate_pem == null ? true : can(regex("-----BEGIN CERTIFICATE-----\\s+[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----", var.verification_certificate_pem)) && length(regexall("-----BEGIN CERTIFICATE-----", var.verification_certificate_pem)) == 1
    error_message = "verification_certificate_pem must be one certificate as PEM (-----BEGIN CERTIFICATE-----, base64, -----END CERTIFICATE-----)."
  }

  validation {
    condition     = var.verification_certificate_pem == null ? true : trimspace(var.verification_certificate_pem) != trimspace(var.certificate_pem)
    error_message = "verification_certificate_pem must be another certificate than certificate_pem: one that the CA signed for the registration code."
  }
}

variable "active" {
  description = "Whether AWS IoT registers new certificates of this CA. False keeps out every device that never connected; certificates that are registered go on working until each is revoked."
  type        = bool
  default     = true
  nullable    = false
}

variable "allow_auto_registration" {
  description = "Whether a device's first connection registers its certificate."
  type        = bool
  default     = true
  nullable    = false
}

variable "registration_config" {
  description = <<-EOT
    How AWS IoT provisions a device without a gate (the jitp-template module's output registration_config); null with gate = "registry". One of:
    - `template_name`: a provisioning template of type JITP, which brings its role;
    - `template_body` and `role_arn`: a body of this CA's own, and the role.
  EOT
  type = object({
    template_name = optional(string)
    template_body = optional(string)
    role_arn      = optional(string)
  })
  default = null

  validation {
    condition     = !var.create || var.gate != "none" || var.registration_config != null
    error_message = "registration_config must be set without a gate (it is an output of the jitp-template module): nothing would answer a certificate that was registered. Set it, or gate = \"registry\"."
  }

  validation {
    condition     = var.gate == "registry" ? var.registration_config == null : true
    error_message = "registration_config must be null with gate = \"registry\": AWS IoT would provision every device by the template, and the gate would never be asked. Leave one of them out."
  }

  validation {
    condition = var.registration_config == null ? true : (
      var.registration_config.template_name != null
      ? var.registration_config.template_body == null && var.registration_config.role_arn == null
      : var.registration_config.template_body != null && var.registration_config.role_arn != null
    )
    error_message = "registration_config must have either template_name alone, or template_body together with role_arn."
  }

  validation {
    condition     = try(var.registration_config.template_name, null) == null ? true : can(regex("^[0-9A-Za-z_-]{1,36}$", var.registration_config.template_name))
    error_message = "registration_config.template_name must be 1 to 36 letters, digits, hyphens or underscores (an AWS IoT limit)."
  }

  validation {
    condition     = try(var.registration_config.template_body, null) == null ? true : can(jsondecode(var.registration_config.template_body).Resources) && length(var.registration_config.template_body) <= 10240
    error_message = "registration_config.template_body must be a JSON template with Resources, of at most 10240 characters (an AWS IoT limit)."
  }

  validation {
    condition     = try(var.registration_config.role_arn, null) == null ? true : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.registration_config.role_arn))
    error_message = "registration_config.role_arn must be the ARN of an IAM role (arn:aws:iam::ACCOUNT:role/NAME)."
  }
}

variable "device_certificate" {
  description = "What the template reads in a device certificate's subject (the jitp-template module's output device_certificate), passed on to the tools that check certificates. Null with gate = \"registry\": there it follows from gate_settings."
  type = object({
    parameters = list(string)
    thing_name = optional(object({
      parameter = string
      prefix    = string
    }))
    attributes = optional(map(object({
      parameter = string
    })), {})
    thing_groups = optional(object({
      parameter = string
      names     = list(string)
    }))
    serial_number = optional(object({
      parameter = string
    }))
    device_type = optional(object({
      value     = optional(string)
      parameter = optional(string)
    }))
    manufacturer = optional(object({
      value     = optional(string)
      parameter = optional(string)
    }))
  })
  default = null

  validation {
    condition     = var.gate == "registry" ? var.device_certificate == null : true
    error_message = "device_certificate must be null with gate = \"registry\": which fields the gate reads is said in gate_settings."
  }
}

variable "gate" {
  description = "What decides about a device with a certificate of this CA. none: AWS IoT lets every one in, by the template in registration_config. registry: a function that asks the device registry."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "registry"], var.gate)
    error_message = "gate must be none or registry."
  }
}

variable "gate_settings" {
  description = <<-EOT
    How the gate reads a certificate and runs; needed with gate = "registry", refused without. A `parameter` is a field of the certificate's subject: CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber or StateName.
    - `serial_number`: the field that holds the serial number by which the device is enrolled.
    - `device_type`: exactly one of `value`, for a CA that makes one type, and `parameter`.
    - `manufacturer`: at most one of `value` and `parameter`; with none, devices that were enrolled with a manufacturer are refused.
    - `refused_certificate_status`: what a refused certificate becomes: INACTIVE, which an operator may take back, or REVOKED.
    - `crl`: a revocation list of this CA (DER or PEM) in a bucket of this region, read at each decision; a list that is missing, stale or unreadable lets nobody in. `bucket_owner` is the account that owns the bucket, this one if null; `kms_key_arn` the key that encrypts the list, if a customer's.
    - `claim_lease_seconds`: how long an admitted certificate keeps every other out, in seconds; null: until an operator releases it.
    - `package_path`, `package_sha256`, `code_signing_config_arn`: the function's package, its expected SHA-256 and who signed it. A null path means build/jitr_gate.zip of this repository, which `make package` builds.
    - `timeout`, `memory_size`: seconds one decision may take, and MB.
    - `reserved_concurrency`: decisions at the same time, set aside from the account's pool and never exceeded; null reserves none.
    - `metric_namespace`: CloudWatch namespace of the metrics counted from the decision log; null means IoTProvisioning/<name_prefix>.
    - `dead_letter_retention_days`: how long events that could not be dealt with are kept.
  EOT
  type = object({
    serial_number = optional(object({
      parameter = optional(string, "CommonName")
    }), {})
    device_type = optional(object({
      value     = optional(string)
      parameter = optional(string)
    }), {})
    manufacturer = optional(object({
      value     = optional(string)
      parameter = optional(string)
    }), {})
    refused_certificate_status = optional(string, "INACTIVE")
    crl = optional(object({
      bucket       = optional(string)
      key          = optional(string)
      bucket_owner = optional(string)
      kms_key_arn  = optional(string)
    }))
    claim_lease_seconds        = optional(number)
    package_path               = optional(string)
    package_sha256             = optional(string)
    code_signing_config_arn    = optional(string)
    timeout                    = optional(number, 30)
    memory_size                = optional(number, 256)
    reserved_concurrency       = optional(number)
    metric_namespace           = optional(string)
    dead_letter_retention_days = optional(number, 14)
  })
  default = null

  validation {
    condition     = !var.create || var.gate != "registry" || var.gate_settings != null
    error_message = "gate_settings must be set with gate = \"registry\", with at least the device_type."
  }

  validation {
    condition     = var.gate == "none" ? var.gate_settings == null : true
    error_message = "gate_settings must be null without a gate: as it stands, every device with a certificate of this CA gets in. Set gate = \"registry\", or leave the settings out."
  }

  validation {
    condition = alltrue([
      for name in compact([try(var.gate_settings.serial_number.parameter, ""), try(var.gate_settings.device_type.parameter, ""), try(var.gate_settings.manufacturer.parameter, "")]) :
      contains(["CommonName", "Country", "DistinguishedNameQualifier", "Organization", "OrganizationalUnit", "SerialNumber", "StateName"], name)
    ])
    error_message = "gate_settings.*.parameter must be one of CommonName, Country, DistinguishedNameQualifier, Organization, OrganizationalUnit, SerialNumber and StateName: the fields of a subject that AWS IoT names."
  }

  validation {
    condition     = var.gate_settings == null ? true : (try(var.gate_settings.device_type.value, null) == null) != (try(var.gate_settings.device_type.parameter, null) == null)
    error_message = "gate_settings.device_type must have exactly one of value and parameter."
  }

  validation {
    condition     = try(var.gate_settings.device_type.value, null) == null ? true : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", var.gate_settings.device_type.value))
    error_message = "gate_settings.device_type.value must be a device type: 1 to 32 lower-case letters, digits and hyphens, the first no hyphen."
  }

  validation {
    condition     = try(var.gate_settings.manufacturer.value, null) == null || try(var.gate_settings.manufacturer.parameter, null) == null
    error_message = "gate_settings.manufacturer may have value or parameter, not both."
  }

  validation {
    condition     = try(var.gate_settings.manufacturer.value, null) == null ? true : can(regex("^[a-zA-Z0-9_.,@/:#=\\[\\]-]{1,800}$", var.gate_settings.manufacturer.value))
    error_message = "gate_settings.manufacturer.value must be 1 to 800 letters, digits or _.,@/:#=[]- (what AWS IoT takes as an attribute's value: no space, no +, no %)."
  }

  validation {
    condition     = var.gate_settings == null ? true : contains(["INACTIVE", "REVOKED"], var.gate_settings.refused_certificate_status)
    error_message = "gate_settings.refused_certificate_status must be INACTIVE or REVOKED."
  }

  validation {
    condition     = try(var.gate_settings.crl, null) == null ? true : var.gate_settings.crl.bucket != null && var.gate_settings.crl.key != null
    error_message = "gate_settings.crl must have both bucket and key, or be left out: half a name would keep every device out."
  }

  validation {
    condition     = try(var.gate_settings.crl.bucket, null) == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.gate_settings.crl.bucket))
    error_message = "gate_settings.crl.bucket must be a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition     = try(var.gate_settings.crl.key, null) == null ? true : can(regex("^[A-Za-z0-9!_.'()-][A-Za-z0-9!_.'()/-]*$", var.gate_settings.crl.key)) && length(var.gate_settings.crl.key) <= 1024
    error_message = "gate_settings.crl.key must be 1 to 1024 letters, digits or !_.'()/- without a leading slash: the role may read this one object, and a * would widen it."
  }

  validation {
    condition     = try(var.gate_settings.crl.bucket_owner, null) == null ? true : can(regex("^[0-9]{12}$", var.gate_settings.crl.bucket_owner))
    error_message = "gate_settings.crl.bucket_owner must be an account id of 12 digits, or null for this account."
  }

  validation {
    condition     = try(var.gate_settings.crl.kms_key_arn, null) == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.gate_settings.crl.kms_key_arn))
    error_message = "gate_settings.crl.kms_key_arn must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not an alias or a bare id."
  }

  validation {
    condition     = try(var.gate_settings.claim_lease_seconds, null) == null ? true : var.gate_settings.claim_lease_seconds >= 60 && var.gate_settings.claim_lease_seconds <= 86400 && floor(var.gate_settings.claim_lease_seconds) == var.gate_settings.claim_lease_seconds
    error_message = "gate_settings.claim_lease_seconds must be a whole number of seconds from 60 to 86400 (a day), or null."
  }

  validation {
    condition     = var.gate_settings == null ? true : var.gate_settings.timeout >= 10 && var.gate_settings.timeout <= 300 && floor(var.gate_settings.timeout) == var.gate_settings.timeout
    error_message = "gate_settings.timeout must be a whole number of seconds from 10 to 300: one decision makes about ten calls, and repeats those that AWS IoT throttles."
  }

  validation {
    condition     = try(var.gate_settings.metric_namespace, null) == null ? true : can(regex("^[0-9A-Za-z._/#-]{1,255}$", var.gate_settings.metric_namespace)) && !startswith(var.gate_settings.metric_namespace, "AWS/")
    error_message = "gate_settings.metric_namespace must be 1 to 255 letters, digits or ._/#- and may not begin with AWS/."
  }

  validation {
    condition     = var.gate_settings == null ? true : var.gate_settings.dead_letter_retention_days >= 1 && var.gate_settings.dead_letter_retention_days <= 14 && floor(var.gate_settings.dead_letter_retention_days) == var.gate_settings.dead_letter_retention_days
    error_message = "gate_settings.dead_letter_retention_days must be a whole number of days from 1 to 14 (what Amazon SQS keeps)."
  }
}

variable "table_name" {
  description = "Name of the device registry's table; needed with gate = \"registry\"."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.gate != "registry" || var.table_name != null
    error_message = "table_name must be set with gate = \"registry\": it is one of the outputs of the device-registry module."
  }
}

variable "table_arn" {
  description = "ARN of the device registry's table; needed with gate = \"registry\"."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.gate != "registry" || var.table_arn != null
    error_message = "table_arn must be set with gate = \"registry\": it is one of the outputs of the device-registry module."
  }
}

variable "table_kms_key_arn" {
  description = "ARN of the key that encrypts the table; needed with gate = \"registry\"."
  type        = string
  default     = null

  validation {
    condition     = !var.create || var.gate != "registry" || var.table_kms_key_arn != null
    error_message = "table_kms_key_arn must be set with gate = \"registry\": it is one of the outputs of the device-registry module."
  }
}

variable "default_home_region" {
  description = "Region whose hooks and gates decide about a record that names no other; set it, to the same everywhere, where the registry has replicas in several Regions. Null: this is the only one."
  type        = string
  default     = null

  validation {
    condition     = var.default_home_region == null ? true : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$", var.default_home_region))
    error_message = "default_home_region must be a Region, for example eu-west-1, or null where there is one Region only."
  }
}

variable "tracing" {
  description = "Whether to trace the gate's invocations with AWS X-Ray."
  type        = bool
  default     = true
  nullable    = false
}

variable "logs" {
  description = <<-EOT
    The gate's log group:
    - `retention_in_days`: one of the values CloudWatch Logs accepts; 0 keeps for ever.
    - `kms_key_arn`: key that encrypts it. The key's policy must let CloudWatch Logs use it.
    - `application_level`, `system_level`: what is kept of the function's own lines and of the platform's.
  EOT
  type = object({
    retention_in_days = optional(number, 365)
    kms_key_arn       = optional(string)
    application_level = optional(string, "INFO")
    system_level      = optional(string, "INFO")
  })
  default  = {}
  nullable = false
}

variable "iam" {
  description = "Path and permissions boundary of the gate's roles, for accounts that demand them."
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(merge({ Name = "" }, var.tags)) <= 50 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)) && !startswith(lower(key), "aws:")
    ])
    error_message = "tags may have at most 50 entries, Name included, which the CA always has; keys of 1 to 128 and values of up to 256 letters, digits, spaces or _.:/=+-@, and no key may begin with aws:."
  }
}
