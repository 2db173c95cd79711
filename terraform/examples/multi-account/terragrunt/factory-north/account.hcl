locals {
  account_name = "factory-north"
}
