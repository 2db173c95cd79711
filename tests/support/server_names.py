"""Which account and Region a device's connection is for follows from the name that it dialled.

AWS IoT registers a certificate in several accounts and Regions and tells them apart by the server
name in the TLS handshake. The embedded engine refuses a certificate that is ACTIVE in two of them,
and looks at the name only where it registers one just in time, and then at its account alone.
https://docs.aws.amazon.com/iot/latest/developerguide/x509-client-certs.html

Here a name of an endpoint's shape, `<account's prefix>-ats.iot.<Region>.<domain>`, counts for that
account and Region and for nothing else: what is registered elsewhere is not known there, neither a
certificate nor a claim nor a CA. Without such a name, as for devices that dial 127.0.0.1, all is as
the engine has it. The server's certificate is for the names of every Region; the engine's is for
those of one.

It runs in the engine's own environment and imports nothing of the project.
"""

import contextvars
import re
from collections.abc import Iterable
from typing import Any

ENDPOINT = re.compile(r"(?P<prefix>[^.]+)-ats\.iot\.(?P<region>[^.]+)\.", re.IGNORECASE)
# Of the connection that is being served.
_NAME: contextvars.ContextVar[str | None] = contextvars.ContextVar("name", default=None)


def mend(iot: Any, regions: Iterable[str]) -> None:
    """Do all of the above to the engine's module for AWS IoT.

    Args:
        iot: The engine's module.
        regions: Whose names the server's certificate is for.
    """
    serve, registrations = iot._mtls_serve_conn, iot._mtls_active_registrations
    claim_scope, registering_ca = iot._mtls_claim_scope, iot._mtls_auto_registering_ca
    names = iot._mtls_server_cert_sans

    def is_for(name, account, region):
        named = ENDPOINT.match(name or "")
        return named is None or (
            (named["prefix"].lower(), named["region"].lower())
            == (iot._endpoint_prefix(account), region)
        )

    async def serve_by_name(reader, writer):
        # Each connection is a task of its own, and so has a context of its own.
        _NAME.set(iot._mtls_server_names.get(writer.get_extra_info("ssl_object")))
        await serve(reader, writer)

    def registrations_here(certificate_id, status="ACTIVE"):
        return [
            (account, region, record)
            for account, region, record in registrations(certificate_id, status)
            if is_for(_NAME.get(), account, region)
        ]

    def claim_here(certificate_id):
        scope = claim_scope(certificate_id)
        return scope if scope and is_for(_NAME.get(), *scope[:2]) else None

    def registering_ca_here(account, region, ca_id, server_name=None):
        if not is_for(server_name, account, region):
            return None
        return registering_ca(account, region, ca_id, server_name)

    def names_of_every_region():
        dns_names, addresses = names()
        own = [f"*.iot.{region}.{iot._MINISTACK_HOST}" for region in regions]
        return list(dict.fromkeys([*dns_names, *own])), addresses

    iot._mtls_serve_conn = serve_by_name
    iot._mtls_active_registrations = registrations_here
    iot._mtls_claim_scope = claim_here
    iot._mtls_auto_registering_ca = registering_ca_here
    iot._mtls_server_cert_sans = names_of_every_region
