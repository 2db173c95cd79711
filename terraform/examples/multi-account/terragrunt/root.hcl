# Everything that differs between targets is in the files that `rollout tfvars` writes of the manifest:
#   iot-provisioning rollout tfvars terraform/examples/multi-account/rollout.yaml targets
locals {
  account = read_terragrunt_config(find_in_parent_folders("account.hcl")).locals
  region  = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals
  values  = "${get_repo_root()}/targets/${local.account.account_name}/${local.region.region}"
}

# The configuration has the backend block; this says where the target's own state is.
remote_state {
  backend = "s3"
  config  = jsondecode(file("${local.values}.tfbackend.json"))
}

# Among them are account_id, which is the only account that the provider works in, and role_arn.
inputs = jsondecode(file("${local.values}.tfvars.json"))
