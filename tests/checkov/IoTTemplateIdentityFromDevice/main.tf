variable "body" {
  type = string
}

variable "hooks" {
  type = list(string)
}

resource "aws_iot_provisioning_template" "pass_from_hook" {
  name                  = "from-hook"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { for name in ["ThingName", "ThingTypeName", "ThingGroupName", "PolicyName", "SerialNumber"] : name => { Type = "String" } }
    Resources = {
      thing = {
        Type = "AWS::IoT::Thing"
        Properties = {
          ThingName        = { Ref = "ThingName" }
          ThingTypeName    = { Ref = "ThingTypeName" }
          ThingGroups      = ["all", { Ref = "ThingGroupName" }]
          AttributePayload = { serialNumber = { Ref = "SerialNumber" } }
        }
      }
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = { "Fn::Join" = ["-", ["acme", { Ref = "PolicyName" }]] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

# By the certificate's id, which AWS IoT gives it; this needs no hook.
resource "aws_iot_provisioning_template" "pass_by_id" {
  name                  = "by-id"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = <<-EOT
    {
      "Parameters": {"AWS::IoT::Certificate::Id": {"Type": "String"}, "Firmware": {"Type": "String"}},
      "DeviceConfiguration": {"reportsFaults": true},
      "Resources": {
        "thing": {
          "Type": "AWS::IoT::Thing",
          "Properties": {
            "ThingName": {"Ref": "AWS::IoT::Certificate::Id"},
            "AttributePayload": {"firmware": {"Ref": "Firmware"}}
          }
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "sensor"}}
      }
    }
  EOT
}

resource "aws_iot_provisioning_template" "fail_thing_name" {
  name                  = "thing-name"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "SerialNumber" } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_joined_policy_name" {
  name                  = "policy-name"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { ThingName = { Type = "String" }, DeviceType = { Type = "String" } }
    Resources = {
      thing  = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" } } }
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = { "Fn::Join" = ["-", ["acme", { Ref = "DeviceType" }]] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_policy_document" {
  name                  = "document"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { Topic = { Type = "String" } }
    Resources = {
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyDocument = { Statement = [{ Effect = "Allow", Action = "iot:Publish", Resource = { Ref = "Topic" } }] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_type_from_map" {
  name                  = "type"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { ThingName = { Type = "String" }, Model = { Type = "String" } }
    Mappings   = { Types = { a = { Name = "sensor" }, b = { Name = "gateway" } } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" }, ThingTypeName = { "Fn::FindInMap" = ["Types", { Ref = "Model" }, "Name"] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_group" {
  name                  = "group"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { Site = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = "fixed", ThingGroups = [{ Ref = "Site" }] } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_billing_group" {
  name                  = "billing-group"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { Customer = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { BillingGroup = { Ref = "Customer" } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

# The names are those that hooks set, but nobody calls one.
resource "aws_iot_provisioning_template" "fail_no_hook" {
  name                  = "no-hook"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { ThingName = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" } } }
    }
  })
}

# Left alone: just-in-time provisioning knows no device's parameters, and what is not known.
resource "aws_iot_provisioning_template" "unknown_jitp" {
  name                  = "jitp"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  type                  = "JITP"
  template_body = jsonencode({
    Parameters = { "AWS::IoT::Certificate::CommonName" = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "AWS::IoT::Certificate::CommonName" } } }
    }
  })
}

resource "aws_iot_provisioning_template" "plan_pass_dynamic" {
  name                  = "dynamic"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { ThingName = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { Ref = "ThingName" } } }
    }
  })

  dynamic "pre_provisioning_hook" {
    for_each = var.hooks

    content {
      target_arn = pre_provisioning_hook.value
    }
  }
}

resource "aws_iot_provisioning_template" "plan_fail" {
  name                  = "plan"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body         = var.body

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_substituted" {
  name                  = "fail_substituted"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { "Fn::Sub" = "acme-$${SerialNumber}" } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_substituted_policy" {
  name                  = "fail_substituted_policy"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = { "Fn::Sub" = ["$${Name}Policy", { Name = { Ref = "SerialNumber" } }] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "pass_substituted" {
  name                  = "pass_substituted"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { ThingName = { Type = "String" } }
    Resources = {
      thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { "Fn::Sub" = ["acme-$${ThingName}-$${Site}", { Site = "north" }] } } }
    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "terraform_data" "later" {
  input = "AWS::IoT::Thing"
}

resource "aws_iot_provisioning_template" "unknown_resource" {
  name                  = "unknown_resource"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing  = terraform_data.later.output
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }

    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "unknown_kind" {
  name                  = "unknown_kind"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing  = { Type = terraform_data.later.output, Properties = { ThingName = "a" } }
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }

    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "unknown_properties" {
  name                  = "unknown_properties"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { SerialNumber = { Type = "String" } }
    Resources = {
      thing  = { Type = "AWS::IoT::Thing", Properties = terraform_data.later.output }
      policy = { Type = "AWS::IoT::Policy", Properties = { PolicyName = "sensor" } }

    }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}

resource "aws_iot_provisioning_template" "fail_letter" {
  name                  = "letter"
  provisioning_role_arn = "arn:aws:iam::111122223333:role/provision"
  template_body = jsonencode({
    Parameters = { S = { Type = "String" } }
    Resources  = { thing = { Type = "AWS::IoT::Thing", Properties = { ThingName = { "Fn::Sub" = "acme-$${S}" } } } }
  })

  pre_provisioning_hook {
    target_arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook"
  }
}
