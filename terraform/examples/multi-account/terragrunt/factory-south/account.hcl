locals {
  account_name = "factory-south"
}
