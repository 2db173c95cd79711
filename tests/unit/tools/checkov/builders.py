"""Reviews as small as a test needs them."""

from tools.checkov.model import CODE, SECRETS, Outcome, Result, Review, Rule, Scan, Skip

FILE = "terraform/modules/keys/main.tf"
REASON = "The caller chooses whether keys rotate."
RULES = {
    rule.id: rule
    for rule in (
        Rule("CKV_AWS_7", "Keys rotate", category="ENCRYPTION"),
        Rule("CKV_AWSIOT_2", "Trust is narrow", True, "HIGH", "IAM", "Name the account."),
        Rule("CKV_AWSIOT_10", "Hooks are quick", True, "LOW", "GENERAL_SECURITY", "Set it."),
        Rule("CKV_SECRET_2", "AWS Access Key", category="SECRETS"),
    )
}


def result(outcome=Outcome.PASSED, **changes):
    values = {
        "rule": "CKV_AWS_7",
        "name": "Keys rotate",
        "file": FILE,
        "first": 3,
        "last": 9,
        "resource": "module.keys.aws_kms_key.this",
        "reason": REASON if outcome is Outcome.SKIPPED else "",
    }
    return Result(outcome=outcome, **values | changes)


def code(*results, seen=1, unread=()):
    return Scan(CODE, "terraform", "resources", seen, results, unread)


def plan(*results, seen=1, unread=()):
    return Scan("Plan of complete", "terraform_plan", "resources", seen, results, unread)


def secrets(*results, seen=1):
    return Scan(SECRETS, "secrets", "files", seen, results)


def skip(**changes):
    values = {"file": FILE, "line": 4, "rule": "CKV_AWS_7", "reason": REASON}
    return Skip(**values | {"block": "aws_kms_key.this"} | changes)


def review(*scans, **changes):
    scans = scans or (code(result()), plan(result()), secrets())
    return Review(**{"rules": RULES, "scans": scans, "versions": {"checkov": "3.3.30"}} | changes)
