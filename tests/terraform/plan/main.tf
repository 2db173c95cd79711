# The directory that `terraform test` runs in: what is tested is the module that each run names.
terraform {
  required_version = ">= 1.9"
}
