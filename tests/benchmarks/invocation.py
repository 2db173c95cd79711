"""One invocation of a handler as Lambda would make it, for both kinds of measurement."""

import importlib
import json
import sys
from types import SimpleNamespace

CONTEXT = SimpleNamespace(
    aws_request_id="00000000-0000-0000-0000-000000000000",
    get_remaining_time_in_millis=lambda: 4000,
)
HANDLERS = {
    "hook": "provisioning_hook.handler",
    "naive": "tests.benchmarks.handlers.naive",
    "plain client": "tests.benchmarks.handlers.plain_client",
    "no-op": "tests.benchmarks.handlers.noop",
}


def load(name):
    """Import a handler, as a cold start does."""
    return importlib.import_module(HANDLERS[name]).lambda_handler


def event(serial, certificate_id):
    return {
        "claimCertificateId": "c1" * 32,
        "certificateId": certificate_id,
        "certificatePem": "-----BEGIN CERTIFICATE-----\n",
        "templateArn": "arn:aws:iot:us-east-1:123456789012:provisioningtemplate/bench-default",
        "clientId": f"bench-default-{serial}",
        "parameters": {"SerialNumber": serial, "DeviceType": "gateway"},
    }


if __name__ == "__main__":
    answer = load(sys.argv[1])(json.loads(sys.argv[2]), CONTEXT)
    sys.exit(0 if answer["allowProvisioning"] is True else "the handler did not allow the device")
