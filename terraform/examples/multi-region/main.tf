provider "aws" {
  alias  = "first"
  region = var.first_region
}

provider "aws" {
  alias  = "second"
  region = var.second_region
}

data "aws_iot_endpoint" "first" {
  provider      = aws.first
  endpoint_type = "iot:Data-ATS"
}

data "aws_iot_endpoint" "second" {
  provider      = aws.second
  endpoint_type = "iot:Data-ATS"
}

locals {
  # The same in both Regions: what devices are, and who decides about those whose records name no other Region.
  device_types = {
    temperature-sensor = {}
    gateway            = { reprovision_policy = "replace" }
  }

  multi_region = { default_home_region = var.first_region }

  certificate_authorities = {
    for key, pem in var.gateway_cas : key => {
      certificate_pem = pem
      gate            = "registry"
      gate_settings = {
        serial_number = { parameter = "SerialNumber" }
        device_type   = { value = "gateway" }
      }
    }
  }

  # Devices try the Region first that they came in through.
  endpoints = [data.aws_iot_endpoint.first.endpoint_address, data.aws_iot_endpoint.second.endpoint_address]
}

# A replica has a key of its own, and is made with the table.
module "second_key" {
  source    = "../../modules/registry-key"
  providers = { aws = aws.second }

  name_prefix = var.name_prefix

  tags = var.tags
}

module "first" {
  source    = "../.." # from elsewhere: git::https://github.com/<owner>/<repository>.git//terraform?ref=<tag>
  providers = { aws = aws.first }

  name_prefix  = var.name_prefix
  multi_region = local.multi_region

  registry = {
    deletion_protection_enabled = var.deletion_protection
    replicas                    = { (var.second_region) = { kms_key_arn = module.second_key.kms_key_arn } }
  }

  device_types            = local.device_types
  certificate_authorities = local.certificate_authorities

  templates = {
    factory = {
      device_configuration = { mqttEndpoints = { value = join(",", local.endpoints) } }
      claim_certificates   = { for name, csr in var.claim_csrs : name => { csr_pem = csr } }
    }
  }

  tags = var.tags
}

module "second" {
  source    = "../.."
  providers = { aws = aws.second }

  name_prefix  = var.name_prefix
  multi_region = local.multi_region

  registry = {
    existing_table = module.first.registry_replicas[var.second_region]
  }

  # Each Region tells how late its own changes reach the other.
  monitoring = { replica_regions = [var.first_region] }

  device_types            = local.device_types
  certificate_authorities = local.certificate_authorities

  templates = {
    factory = {
      device_configuration = { mqttEndpoints = { value = join(",", reverse(local.endpoints)) } }

      # The claims of the first Region are good here too.
      claim_certificates = { for name in keys(var.claim_csrs) : name => { certificate_pem = module.first.templates["factory"].claim_certificates[name].pem } }
    }
  }

  tags = var.tags
}
