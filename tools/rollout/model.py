"""What a manifest says, worked out: waves of targets, each with all that Terraform is to be told.

A target is one account in one Region. Nothing here is a credential: a role's ARN says whom to
become, and the caller's own credentials decide whether that is allowed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where one target's state is kept.

    Attributes:
        type: ``s3`` or ``local``, as the configuration's ``backend`` block says.
        settings: the arguments of that block, with the target's values filled in.
    """

    type: str
    settings: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The one place of this state: no two targets may share it."""
        if self.type == "local":
            return str(self.settings.get("path"))
        return f"s3://{self.settings.get('bucket')}/{self.settings.get('key')}"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One account in one Region.

    Attributes:
        account_id: twelve digits; the configuration refuses to work in any other account.
        account_name: what the manifest calls the account.
        region: as in ``eu-west-1``.
        wave: the name of the wave that the target is in.
        role_arn: whom Terraform and the verification become there; None: they stay who they are.
        external_id: what that role's trust policy asks for; None for nothing.
        variables: the configuration's variables, merged.
        tags: of every resource, merged.
        backend: where the state is kept.
    """

    account_id: str
    account_name: str
    region: str
    wave: str
    role_arn: str | None
    external_id: str | None
    variables: Mapping[str, Any]
    tags: Mapping[str, str]
    backend: Backend

    @property
    def key(self) -> str:
        """The target's name everywhere: ``<account name>/<region>``."""
        return f"{self.account_name}/{self.region}"

    def terraform_variables(self) -> dict[str, Any]:
        """Return every variable of the configuration, those of the manifest and those about it."""
        return {
            **self.variables,
            "account_id": self.account_id,
            "external_id": self.external_id,
            "region": self.region,
            "role_arn": self.role_arn,
            "tags": dict(self.tags),
        }

    def fingerprint(self, sources: str) -> str:
        """Return a digest of all that decides what is applied here: 64 hexadecimal digits.

        The wave is not part of it: a target that moves to another wave stays as it is.

        Args:
            sources: says which configuration and which packages are meant, e.g. a digest of them.
        """
        inputs = {
            "backend": {"type": self.backend.type, "settings": self.backend.settings},
            "sources": sources,
            "variables": self.terraform_variables(),
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Targets that go together.

    Attributes:
        name: unique in the manifest.
        targets: in the order in which they start: Region by Region, in each by account.
        max_parallel: how many are under way at a time.
        tolerated_failures: how many may fail and the next wave still begins.
        bake_seconds: how long to wait after the last target before the next wave begins.
        environment: of GitHub, whose reviewers approve the wave; None for none.
    """

    name: str
    targets: tuple[Target, ...]
    max_parallel: int
    tolerated_failures: int
    bake_seconds: float
    environment: str | None


@dataclass(frozen=True, kw_only=True)
class Packages:
    """The Lambda packages, built once.

    Attributes:
        directory: where the zips are; None: where the configuration looks by itself.
        sha256: by file name, the digest that the zip must have; empty: none is prescribed.
    """

    directory: Path | None = None
    sha256: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All of it.

    Attributes:
        path: the file.
        configuration: the directory of the Terraform root that is applied in every target.
        packages: what is deployed there.
        waves: in the order in which they begin.
    """

    path: Path
    configuration: Path
    packages: Packages
    waves: tuple[Wave, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target, in the order of the waves."""
        return tuple(target for wave in self.waves for target in wave.targets)
