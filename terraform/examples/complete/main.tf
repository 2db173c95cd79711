provider "aws" {}

module "iot_provisioning" {
  source = "../.."
  create = var.create

  name_prefix = var.name_prefix

  # The first four bring a policy of their own, shipped under policies/iot; the others show the two ways to add one.
  device_types = {
    temperature-sensor = {
      description           = "Measures temperature"
      searchable_attributes = ["firmwareVersion", "location"]
    }
    humidity-sensor = {
      description           = "Measures relative humidity"
      searchable_attributes = ["firmwareVersion", "location"]
    }
    pressure-sensor = {
      description           = "Measures air pressure"
      searchable_attributes = ["firmwareVersion", "location"]
    }
    gateway = {
      description        = "Speaks for the sensors of one site"
      reprovision_policy = "replace"
    }
    door-lock = {
      description = "Policy from typed topics"
      topics      = { publish = ["events/*", "state"], subscribe = ["commands/*"] }
    }
    camera = {
      description  = "Policy from a file"
      policy_file  = "${path.module}/policies/camera.json.tftpl"
      first_shadow = { name = "settings", desired = jsonencode({ resolution = "1080p", framesPerSecond = 15 }) }
    }
  }

  templates = {
    # Devices hold a claim certificate from the factory.
    factory = {
      description = "Devices claim their identity on first power-up"

      attributes = {
        serialNumber    = { parameter = "SerialNumber" }
        manufacturer    = { parameter = "Manufacturer" }
        firmwareVersion = { parameter = "FirmwareVersion" }
        location        = { parameter = "Location" }
        provisionedAt   = { parameter = "ProvisionedAt" }
        provisionedBy   = { value = "${var.name_prefix}-factory" }
        label           = { join = { separator = "/", parts = [{ parameter = "Manufacturer" }, { parameter = "DeviceType" }] } }
      }

      billing_group = one(aws_iot_billing_group.this[*].name)

      # What devices are told on success.
      device_configuration = {
        telemetryIntervalSeconds = { lookup = { map = "Intervals", parameter = "DeviceType", name = "telemetrySeconds" } }
        topicRoot                = { join = { separator = "/", parts = [{ value = var.name_prefix }, { parameter = "DeviceType" }, { parameter = "ThingName" }] } }
      }

      mappings = {
        Intervals = {
          temperature-sensor = { telemetrySeconds = "60" }
          humidity-sensor    = { telemetrySeconds = "60" }
          pressure-sensor    = { telemetrySeconds = "30" }
          gateway            = { telemetrySeconds = "300" }
          door-lock          = { telemetrySeconds = "3600" }
          camera             = { telemetrySeconds = "3600" }
        }
      }

      claim_certificates = { for name, csr in var.claim_csrs : name => { csr_pem = csr } }
    }

    # A technician issues a claim that lives five minutes; no claim certificate exists.
    field-service = {
      description = "Replacement devices, put in by trusted users"
      claim       = { formats = ["json"] }
      parameters  = { FirmwareVersion = {}, Location = {}, Technician = {} }
    }
  }

  registry = {
    kms_key_arn                 = var.kms_key_arn
    deletion_protection_enabled = var.deletion_protection
    replicas                    = var.replicas
  }

  hook = {
    timeout     = 4
    memory_size = 512
  }

  # A device that was let in and has not connected within six hours counts as stuck.
  device_lifecycle = {
    sweep = { stuck_after_seconds = 21600 }
    audit = { retention_in_days = 3653 }
  }

  monitoring = {
    claim_budgets     = { for name in keys(var.claim_csrs) : "factory/${name}" => 5000 }
    denial_thresholds = { REVOKED = 1, SUSPENDED = 5, UNKNOWN_SERIAL = 50, WRONG_CLAIM = 1 }

    alarms = {
      hook-duration         = { threshold = 2500 }
      registration-failures = { detection = "anomaly", band_width = 3 }
    }

    notifications = { subscriptions = { for address in var.alarm_addresses : address => { protocol = "email", endpoint = address } } }
  }

  logs = {
    retention_in_days = 365
  }

  tags = var.tags
}

resource "aws_iot_billing_group" "this" {
  count = var.create && var.billing_group != null ? 1 : 0

  name = var.billing_group
  tags = var.tags
}
