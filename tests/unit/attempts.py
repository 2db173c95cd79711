"""How often a client asks AWS, and how long it goes on, against its function's timeout."""

import re
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from tests.unit.builders import CERTIFICATE
from tests.unit.scripted_server import Script, serving

MODULES = Path(__file__).parents[2] / "terraform/modules"
UNAVAILABLE = (503, {})


def on_the_wire(config, monkeypatch):
    """How often a client asks an AWS IoT that is never available."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    script = Script(UNAVAILABLE)
    with serving(script) as url:
        iot = boto3.client(
            "iot",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=config,
        )
        try:
            iot.describe_certificate(certificateId=CERTIFICATE)
        except ClientError:
            return len(script.requests)
        finally:
            iot.close()


def throttled_seconds(config):
    """How long one call takes at most that is throttled each time: pauses grow from one second."""
    return sum(2**retry for retry in range(config.retries["total_max_attempts"] - 1))


def unanswered_seconds(config):
    """How long one call takes at most that nobody answers."""
    silence = config.connect_timeout + config.read_timeout
    return config.retries["total_max_attempts"] * silence + throttled_seconds(config)


def timeouts(file):
    """Every timeout that a module's file gives a function, or takes for one that is not given."""
    found = re.findall(
        r"\btimeout += (?:optional\(number, )?(\d+)", (MODULES / file).read_text(encoding="utf-8")
    )
    return [int(seconds) for seconds in found]
