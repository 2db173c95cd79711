"""Real boto3 clients, which check each call's parameters, with a double in place of the network."""

from functools import cache
from types import SimpleNamespace

import boto3


class Answer(Exception):
    """An error that AWS answers."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@cache
def client_of(service):
    """A client whose calls end in ``client.aws(operation, parameters)``; the same each time."""
    client = boto3.client(
        service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )

    def remember(params, context, **_):
        context["asked"] = dict(params)

    def answer(model, context, **_):
        response = SimpleNamespace(status_code=200)
        try:
            return response, client.aws(model.name, context["asked"])
        except Answer as refusal:
            response.status_code = 400
            return response, {"Error": {"Code": refusal.code, "Message": "as told"}}

    # As the caller gave them: botocore adds to some.
    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"provide-client-params.{name}.*", remember)
    client.meta.events.register(f"before-call.{name}.*", answer)
    return client
