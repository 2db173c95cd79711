mock_provider "aws" {
  source = "../mocks"
}

run "refuses_prefix" {
  command = plan
  module { 
    source = "../../../../terraform/modules/device-registry" 
  }
  variables { name_prefix = "X" }
  expect_failures = [var.name_prefix]
}
run "refuses_replica" {
  command = plan
  module { 
    source = "../../../../terraform/modules/device-registry" 
  }
  variables { 
    name_prefix = "acme"  
    replicas = { eu-central-1 = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/x" } } 
  }
  expect_failures = [aws_dynamodb_table.this]
}
