"""One thing for a certificate whose provisioning template says EXCLUSIVE_THING.

The embedded engine does not read a certificate's ThingPrincipalType and attaches any number of
things. AWS IoT does not: "this certificate cannot be associated with any other things".
https://docs.aws.amazon.com/iot/latest/developerguide/attach-thing-principal.html

It runs in the engine's own environment and imports nothing of the project.
"""

import json
from typing import Any

EXCLUSIVE = "EXCLUSIVE_THING"


def mend(iot: Any) -> None:
    """Let the engine's module for AWS IoT refuse a second thing at RegisterThing."""
    make_plan, apply = iot._provisioning_plan, iot._apply_provisioning_plan
    taken: set[str] = set()

    def plan_exclusively(template, *rest):
        plan = make_plan(template, *rest)
        plan["exclusive"] = is_exclusive(iot._provisioning_template_body(template))
        return plan

    async def apply_exclusively(plan, certificate, role_arn):
        arn = certificate["certificateArn"]
        own = plan["thing"] and iot._thing_arn(plan["thing"][0].get("ThingName"))
        others = {thing for thing in certificate.get("attachedThings", []) if thing != own}
        if others and (plan["exclusive"] or arn in taken):
            raise iot._provisioning_failed("The certificate is attached to another thing.")
        name = await apply(plan, certificate, role_arn)
        if plan["exclusive"]:
            taken.add(arn)
        return name

    iot._provisioning_plan, iot._apply_provisioning_plan = plan_exclusively, apply_exclusively


def is_exclusive(body: str | dict[str, Any]) -> bool:
    """Whether a template's body says so of its certificate."""
    resources = (json.loads(body) if isinstance(body, str) else body)["Resources"].values()
    kinds = {one.get("Properties", {}).get("ThingPrincipalType") for one in resources}
    return EXCLUSIVE in kinds
