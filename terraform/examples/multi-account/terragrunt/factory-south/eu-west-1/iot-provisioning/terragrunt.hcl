include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_repo_root()}//terraform/examples/multi-account"
}

# The wave before this one.
dependencies {
  paths = [
    "../../../factory-north/eu-west-1/iot-provisioning",
    "../../../factory-north/us-east-1/iot-provisioning",
  ]
}
