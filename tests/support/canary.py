"""The canary's function at the endpoint, which is told there where the broker is."""

import json
from typing import Any

from tests.support.stack import Stack


def run_canary(stack: Stack, function_name: str, **environment: str) -> list[dict[str, Any]]:
    """Call the function once, as its own role, and return its checks.

    Its unpublished version is called: at AWS nothing says where the broker is, and no published
    version here does.
    """
    functions, endpoint = stack.client("lambda"), stack.endpoint
    before = functions.get_function_configuration(FunctionName=function_name)["Environment"]
    broker = {"MQTT_ADDRESS": endpoint.mqtt_host, "MQTT_PORT": str(endpoint.mqtt_port)}
    if endpoint.ca_file:
        broker["MQTT_CA_FILE"] = endpoint.ca_file
    functions.update_function_configuration(
        FunctionName=function_name,
        Environment={"Variables": before["Variables"] | broker | environment},
    )
    answer = functions.invoke(FunctionName=function_name)
    checks = json.load(answer["Payload"])
    assert "FunctionError" not in answer, checks
    return list(checks)
