"""Where a simulated device keeps its identity: one directory per device.

``identity.json`` names the certificate in use, whose PEM files stand beside it under the
certificate's id. It is replaced in one step and last, so that a device that loses power at any
moment finds either its old identity or its new one, complete.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools.device.failures import CredentialStoreError
from tools.device.model import ClientCredentials
from tools.device.state import Identity

SCHEMA_VERSION = 1
_IDENTITY_FILE = "identity.json"
_UNCERTIFIED_KEY_FILE = "uncertified.key.pem"
_PRIVATE_DIRECTORY_MODE = 0o700
_APART = "@"


class CredentialStore:
    """Identities of devices below one directory.

    Args:
        root: Made, for the owner only, when the first identity is saved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def directory(self, serial_number: str) -> Path:
        """The directory of one device. No serial number leads out of the store."""
        name = quote(serial_number, safe="")
        if name.strip(".") == "":
            name = name.replace(".", "%2E")
        return self._root / (name or "%00")

    def certificate_file(self, serial_number: str, certificate_id: str) -> Path:
        """Where the PEM file of a certificate is kept."""
        return self.directory(serial_number) / f"{certificate_id}.cert.pem"

    def private_key_file(self, serial_number: str, certificate_id: str) -> Path:
        """Where the PEM file of a certificate's private key is kept (mode 0600)."""
        return self.directory(serial_number) / f"{certificate_id}.key.pem"

    def load(self, serial_number: str) -> Identity | None:
        """The stored identity, or None for a device that has none.

        Raises:
            CredentialStoreError: There is one, and it cannot be read.
        """
        file = self.directory(serial_number) / _IDENTITY_FILE
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            return self._identity(serial_number, record)
        except FileNotFoundError as error:
            if not file.exists():
                return None
            raise self._unreadable(file, error) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._unreadable(file, error) from error

    def save(self, serial_number: str, identity: Identity) -> None:
        """Store an identity, and remove the files of the one it replaces."""
        certificate = self.certificate_file(serial_number, identity.certificate_id)
        key = self.private_key_file(serial_number, identity.certificate_id)
        _write(key, identity.credentials.private_key_pem)
        _write(certificate, identity.credentials.certificate_pem)
        record = {
            "schemaVersion": SCHEMA_VERSION,
            "certificateId": identity.certificate_id,
            "ownershipToken": identity.ownership_token,
            "tokenExpiresAt": identity.token_expires_at,
            "thingName": identity.thing_name,
            "deviceConfiguration": dict(identity.device_configuration),
            "confirmed": identity.confirmed,
        }
        directory = self.directory(serial_number)
        _write(directory / _IDENTITY_FILE, json.dumps(record, indent=2) + "\n")
        for file in directory.glob("*.pem"):
            if file not in (certificate, key):
                file.unlink()

    def load_uncertified_key(self, serial_number: str) -> str | None:
        """The key made for a signing request that was not answered yet, as PEM text."""
        try:
            return (self.directory(serial_number) / _UNCERTIFIED_KEY_FILE).read_text("utf-8")
        except FileNotFoundError:
            return None

    def save_uncertified_key(self, serial_number: str, private_key_pem: str) -> None:
        """Store a key before its signing request is sent. `save` removes it again."""
        _write(self.directory(serial_number) / _UNCERTIFIED_KEY_FILE, private_key_pem)

    def _identity(self, serial_number: str, record: dict[str, Any]) -> Identity:
        certificate_id = record["certificateId"]
        if record["schemaVersion"] != SCHEMA_VERSION:
            raise ValueError(f"its schemaVersion is not {SCHEMA_VERSION}")
        return Identity(
            certificate_id=certificate_id,
            credentials=ClientCredentials(
                self.certificate_file(serial_number, certificate_id).read_text("utf-8"),
                self.private_key_file(serial_number, certificate_id).read_text("utf-8"),
            ),
            ownership_token=record["ownershipToken"],
            token_expires_at=float(record["tokenExpiresAt"]),
            thing_name=record["thingName"],
            device_configuration=dict(record["deviceConfiguration"]),
            confirmed=record["confirmed"],
        )

    @staticmethod
    def _unreadable(file: Path, error: Exception) -> CredentialStoreError:
        return CredentialStoreError(
            f"The stored identity {file} cannot be read ({type(error).__name__}: {error}). Restore "
            "it from a copy; or move its directory away, and the device provisions itself anew, "
            "which the registry may refuse."
        )


class EndpointStore(CredentialStore):
    """The same identities, for a device that may provision itself at one of several endpoints.

    What is under way at this endpoint is kept apart: its certificate and its token are worth
    nothing at another one, and the device must find them again when it returns, for the registry
    may have granted its serial number to that very certificate. A registered identity is where
    every `CredentialStore` of this directory finds it.

    Args:
        root: As for a `CredentialStore`.
        endpoint: Tells this endpoint from the others.
    """

    def __init__(self, root: Path, endpoint: str) -> None:
        super().__init__(root)
        # No directory of a device begins so: this character is never left as it is.
        self._apart = CredentialStore(root / f"{_APART}{quote(endpoint, safe='')}")

    def load(self, serial_number: str) -> Identity | None:
        """The registered identity, or what is under way at this endpoint."""
        identity = super().load(serial_number)
        if identity is not None and identity.thing_name is not None:
            return identity
        return self._apart.load(serial_number)

    def save(self, serial_number: str, identity: Identity) -> None:
        """See `CredentialStore.save`. Once registered, nothing is under way anywhere."""
        if identity.thing_name is None:
            self._apart.save(serial_number, identity)
            return
        super().save(serial_number, identity)
        for directory in self._root.glob(f"{_APART}*"):
            shutil.rmtree(CredentialStore(directory).directory(serial_number), ignore_errors=True)

    def load_uncertified_key(self, serial_number: str) -> str | None:
        """See `CredentialStore.load_uncertified_key`."""
        return self._apart.load_uncertified_key(serial_number)

    def save_uncertified_key(self, serial_number: str, private_key_pem: str) -> None:
        """See `CredentialStore.save_uncertified_key`."""
        self._apart.save_uncertified_key(serial_number, private_key_pem)


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by the owner only."""
    file.parent.mkdir(mode=_PRIVATE_DIRECTORY_MODE, parents=True, exist_ok=True)
    # A temporary file of this kind has mode 0600 from the moment it exists.
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
