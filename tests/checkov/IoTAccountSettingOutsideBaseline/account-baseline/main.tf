resource "aws_iot_event_configurations" "this" {
  event_configurations = { THING = true }
}
