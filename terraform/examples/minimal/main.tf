provider "aws" {}

module "iot_provisioning" {
  source = "../.." # from elsewhere: git::https://github.com/<owner>/<repository>.git//terraform?ref=<tag>

  name_prefix = "acme"

  device_types = {
    temperature-sensor = {}
    door-lock = {
      reprovision_policy = "replace"
      topics             = { publish = ["events/*"], subscribe = ["commands/*"] }
    }
  }

  templates = {
    factory = {}
  }
}
