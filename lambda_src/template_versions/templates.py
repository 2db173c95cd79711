"""AWS IoT's versions of one provisioning template.

Follows https://docs.aws.amazon.com/iot/latest/apireference/API_ListProvisioningTemplateVersions.html
and https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteProvisioningTemplateVersion.html.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from template_versions.plan import Plan, Version, plan

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient

NOT_FOUND = "ResourceNotFoundException"


def make_room(iot: "IoTClient", template_name: str) -> Plan:
    """Delete the versions that stand in the way of the next one; return what was chosen.

    Raises:
        ClientError: AWS IoT refused.
    """
    chosen = plan(versions(iot, template_name))
    for version_id in chosen.delete:
        delete(iot, template_name, version_id)
    return chosen


def versions(iot: "IoTClient", template_name: str) -> list[Version]:
    """Return every version; none where the template does not exist yet.

    Raises:
        ClientError: AWS IoT refused, for another reason.
    """
    pages = iot.get_paginator("list_provisioning_template_versions").paginate(
        templateName=template_name
    )
    try:
        return [
            Version(version["versionId"], version["isDefaultVersion"])
            for page in pages
            for version in page["versions"]
        ]
    except ClientError as error:
        if error.response["Error"]["Code"] == NOT_FOUND:
            return []
        raise


def delete(iot: "IoTClient", template_name: str, version_id: int) -> None:
    """Delete one version; one that is gone already is as good.

    Raises:
        ClientError: AWS IoT refused, for another reason.
    """
    try:
        iot.delete_provisioning_template_version(templateName=template_name, versionId=version_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != NOT_FOUND:
            raise
