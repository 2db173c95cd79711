terraform {
  # One state for each account and Region: `terraform init -backend-config=...` says where.
  backend "s3" {}
}
