provider "aws" {}

module "iot_provisioning" {
  source = "../.."
  create = var.create

  name_prefix = var.name_prefix

  device_types = {
    temperature-sensor = {}
    gateway            = { reprovision_policy = "replace" }
  }

  jitp_templates = {
    # Every sensor that the maker signed gets in, as the thing that its certificate's common name says.
    sensors = {
      description       = "Temperature sensors with certificates of their maker"
      device_type       = "temperature-sensor"
      thing_name_prefix = "${var.name_prefix}-sensor-"

      attributes = {
        serialNumber = { parameter = "SerialNumber" }
        country      = { parameter = "Country" }
        line         = { value = "northwind" }
      }

      # The group of the device type, and that of the country in the subject: these two exist, no other does.
      thing_groups = {
        from_subject = { parameter = "Country", names = [for group in aws_iot_thing_group.country : group.name] }
      }
    }
  }

  certificate_authorities = merge(
    {
      for key, pem in var.sensor_cas : key => { certificate_pem = pem, template = "sensors" }
    },
    {
      # A gateway gets in only if somebody enrolled it.
      for key, pem in var.gateway_cas : key => {
        certificate_pem = pem
        gate            = "registry"
        gate_settings = {
          serial_number = { parameter = "SerialNumber" }
          device_type   = { value = "gateway" }
          manufacturer  = { parameter = "Organization" }
          crl           = var.gateway_crl_bucket == null ? null : { bucket = var.gateway_crl_bucket, key = "${key}.crl" }
        }
      }
    },
  )

  registry = {
    deletion_protection_enabled = var.deletion_protection
  }

  tags = var.tags
}

# Groups that a certificate's subject may name exist before the first device comes.
resource "aws_iot_thing_group" "country" {
  for_each = toset(var.create ? var.countries : [])

  name = each.key

  properties {
    description = "Devices whose certificate names ${each.key} as the country"

    attribute_payload {
      attributes = { country = each.key }
    }
  }

  tags = var.tags
}
