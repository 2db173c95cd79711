"""The canary's function at the endpoint, which has to be told there where the broker is."""

import json
from typing import Any

from tests.support.stack import Stack


def point_at_endpoint(stack: Stack, function_name: str, **environment: str) -> None:
    """Tell the function's unpublished version where the broker is: at AWS nobody has to."""
    functions, endpoint = stack.client("lambda"), stack.endpoint
    before = functions.get_function_configuration(FunctionName=function_name)["Environment"]
    broker = {"MQTT_ADDRESS": endpoint.mqtt_host, "MQTT_PORT": str(endpoint.mqtt_port)}
    if endpoint.ca_file:
        broker["MQTT_CA_FILE"] = endpoint.ca_file
    functions.update_function_configuration(
        FunctionName=function_name,
        Environment={"Variables": before["Variables"] | broker | environment},
    )


def run_canary(stack: Stack, function_name: str) -> list[dict[str, Any]]:
    """Call the function once, as its own role, and return its checks."""
    point_at_endpoint(stack, function_name)
    answer = stack.client("lambda").invoke(FunctionName=function_name)
    checks = json.load(answer["Payload"])
    assert "FunctionError" not in answer, checks
    return list(checks)
