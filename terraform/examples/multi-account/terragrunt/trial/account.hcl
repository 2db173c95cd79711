locals {
  account_name = "trial"
}
