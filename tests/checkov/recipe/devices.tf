# A BAD EXAMPLE, NEVER TO BE APPLIED: see registry.tf.

resource "aws_iot_thing_group" "all" {
  name = "provisioned-devices-${var.suffix}"

  properties {
    description = "Parent group for all provisioned devices"
  }
}

resource "aws_iot_thing_group" "type" {
  for_each = toset(["temperature-sensor", "humidity-sensor", "pressure-sensor", "gateway"])

  name              = "${each.key}-devices"
  parent_group_name = aws_iot_thing_group.all.name

  properties {
    description = "${each.key} devices"
  }
}

resource "aws_iot_policy" "temperature_sensor" {
  name = "TemperatureSensorPolicy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["iot:Connect"]
        Resource = "${local.iot}:client/temperature-sensor-*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Publish"]
        Resource = "${local.iot}:topic/sensors/temperature/*"
      },
      {
        Effect = "Allow"
        Action = ["iot:Subscribe", "iot:Receive"]
        Resource = [
          "${local.iot}:topicfilter/config/temperature-sensor/*",
          "${local.iot}:topic/config/temperature-sensor/*",
        ]
      },
      {
        Effect   = "Allow"
        Action   = ["iot:GetThingShadow", "iot:UpdateThingShadow"]
        Resource = "${local.iot}:thing/temperature-sensor-*"
      },
    ]
  })
}

resource "aws_iot_policy" "gateway" {
  name = "GatewayDevicePolicy"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["iot:Connect"]
        Resource = "${local.iot}:client/gateway-*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Publish"]
        Resource = ["${local.iot}:topic/gateway/*", "${local.iot}:topic/sensors/*"]
      },
      {
        Effect = "Allow"
        Action = ["iot:Subscribe", "iot:Receive"]
        Resource = [
          "${local.iot}:topicfilter/config/gateway/*",
          "${local.iot}:topic/config/gateway/*",
          "${local.iot}:topicfilter/commands/*",
          "${local.iot}:topic/commands/*",
        ]
      },
      {
        Effect   = "Allow"
        Action   = ["iot:GetThingShadow", "iot:UpdateThingShadow"]
        Resource = "${local.iot}:thing/gateway-*"
      },
    ]
  })
}
