"""``verify``: whether devices can be provisioned in an account and a Region, tried out."""

from dataclasses import asdict
from pathlib import Path

import boto3
import click
from rich.text import Text

from canary.checks import NOT_REACHED, Check
from tools.cli.console import console, json_line, table
from tools.cli.errors import PARTLY
from tools.cli.options import STACK_VARIABLE, broker_options, stack_option
from tools.cli.stack import StackFileError, read_outputs
from tools.role_session import role_session
from tools.verification import points, run
from tools.verification.run import NothingToVerify

_EPILOG = """\b
Examples:
  iot-provisioning verify --account 111122223333 --region eu-west-1
  iot-provisioning verify --account 111122223333 --region eu-west-1 --template factory --json
  iot-provisioning verify --account 111122223333 --region eu-west-1 --points

A device is enrolled below the reserved prefix canary-, provisioned as devices are, looked at and
removed again, and a stranger is refused. The first check that does not pass ends it, and names the
likely cause. --points also tells what only a real account can answer about AWS IoT.

\b
Exit codes:
  0    every check passed, and nothing was left behind
  1    a check did not pass
  2    the command line is wrong, or the credentials are another account's
  3    the stack file or AWS could not be used
  130  interrupted

AWS actions: those of policies/iam/canary.json.tftpl and canary-shadow.json.tftpl, and
sts:GetCallerIdentity; with --role-arn sts:AssumeRole. --points: cloudwatch:GetMetricStatistics,
iam:GetPolicy, iam:GetPolicyVersion, iot:DescribeEventConfigurations, and of Service Quotas
GetServiceQuota, GetAWSDefaultServiceQuota and ListAWSDefaultServiceQuotas."""


@click.command(epilog=_EPILOG, short_help="Provision a device, look at it, and remove it.")
@click.option("--account", required=True, metavar="ID", help="The account that is meant.")
@click.option("--region", required=True, metavar="REGION", help="The Region that is meant.")
@click.option("--template", metavar="KEY", help="Key of the template; default: the first enabled.")
@click.option("--device-type", metavar="KEY", help="Key of the device type; default: the first.")
@click.option("--role-arn", metavar="ARN", help="A role to take for it.")
@click.option("--external-id", metavar="ID", help="What the role's trust policy asks for.")
@broker_options
@click.option("--points", "points_wanted", is_flag=True, help="Tell what only an account can.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object.")
@stack_option("--region")
@click.pass_context
def verify(
    context: click.Context,
    *,
    account: str,
    region: str,
    template: str | None,
    device_type: str | None,
    role_arn: str | None,
    external_id: str | None,
    address: str | None,
    port: int,
    ca_file: Path | None,
    stack_file: Path | None,
    points_wanted: bool,
    json_wanted: bool,
) -> None:
    """Try whether devices can be provisioned in an account and a Region, and leave nothing."""
    if stack_file is None:
        raise click.UsageError(
            "Which stack? Give --stack FILE (the output of `terraform output -json`), or set "
            f"{STACK_VARIABLE}."
        )
    try:
        outputs = read_outputs(stack_file, lambda: region)
        target = run.target(outputs, template=template, device_type=device_type)
    except (StackFileError, NothingToVerify) as error:
        raise click.UsageError(str(error)) from error
    session = _session(account, region, role_arn, external_id)
    verification = run.verify(
        outputs,
        session,
        address=address,
        port=port,
        ca_file=ca_file,
        template=template,
        device_type=device_type,
    )
    seen = points.look(session, target.template_name, verification) if points_wanted else []
    if json_wanted:
        json_line(
            {
                "account": account,
                "region": region,
                "passed": verification.passed,
                "checks": [asdict(check) for check in verification.checks],
                **({"points": [asdict(point) for point in seen]} if points_wanted else {}),
            }
        )
    else:
        out = console()
        rows = [(_outcome(check), check.name, check.detail) for check in verification.checks]
        out.print(table(("", "Check", "Seen"), rows))
        if seen:
            out.print()
            out.print(table(("Point", "Seen"), [(point.question, point.seen) for point in seen]))
    if not verification.passed:
        context.exit(PARTLY)


def _outcome(check: Check) -> Text:
    if check.passed:
        return Text("passed", style="green")
    if check.detail == NOT_REACHED:
        return Text("-", style="dim")
    return Text("failed", style="bold red")


def _session(
    account: str, region: str, role_arn: str | None, external_id: str | None
) -> boto3.Session:
    """Return a session of that account, or end with whose it is."""
    session = role_session(region, role_arn, external_id)
    actual = session.client("sts").get_caller_identity()["Account"]
    if actual != account:
        raise click.UsageError(
            f"The credentials are those of account {actual}, and --account is {account}. Nothing "
            "was done. Choose others (AWS_PROFILE, --role-arn), or another --account."
        )
    return session
