"""What a provisioning template gives to a device."""

import json
from dataclasses import dataclass
from typing import Any

from canary.target import Means, Target
from device_registry import names


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template, read for one device type.

    Attributes:
        enabled: Whether anybody can be provisioned.
        hook_arn: The function that decides; None where there is none.
        thing_type: Name of the thing type; None for a thing without.
        groups: Names of the thing groups.
        policies: Names of the certificate's policies.
    """

    enabled: bool
    hook_arn: str | None
    thing_type: str | None
    groups: tuple[str, ...]
    policies: tuple[str, ...]


def read(means: Means, target: Target) -> Template:
    """Ask AWS IoT for the template.

    Raises:
        ClientError, BotoCoreError: it has none, or does not say.
    """
    answer = means.iot.describe_provisioning_template(templateName=target.template_name)
    # What a template does not name itself the hook names, as the catalogue does.
    catalog_name = names.catalog_name(target.name_prefix, target.device_type)

    def name(value: Any) -> str:
        return value if isinstance(value, str) else catalog_name

    resources = json.loads(answer["templateBody"])["Resources"].values()
    thing = next(each for each in resources if each["Type"] == "AWS::IoT::Thing")["Properties"]
    return Template(
        enabled=answer.get("enabled", False),
        hook_arn=answer.get("preProvisioningHook", {}).get("targetArn"),
        thing_type=name(thing["ThingTypeName"]) if "ThingTypeName" in thing else None,
        groups=tuple(name(each) for each in thing.get("ThingGroups", ())),
        policies=tuple(
            name(each["Properties"]["PolicyName"])
            for each in resources
            if each["Type"] == "AWS::IoT::Policy"
        ),
    )
