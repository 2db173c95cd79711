"""What registering, changing and removing a CA comes to at AWS IoT.

The provider never takes a registration configuration away, and reports success: so what it says is
compared with what AWS IoT says.
"""

from dataclasses import dataclass

import pytest

from tests.support.endpoint import client, new_account
from tests.support.terraform import Workspace, stage
from tools.device.maker import Maker

pytestmark = [pytest.mark.terraform, pytest.mark.endpoint]

CONFIGURATION = "tests/terraform/fixtures/jitp-ca"
NAMES = ("steady", "switched", "moved", "rewritten", "guarded", "verified", "old", "new")
# Address of the CA inside its module.
CA = "aws_iot_ca_certificate.this[0]"
REPLACED = ["delete", "create"]


@dataclass
class Step:
    """What one apply planned, and what there was after it, by the names of the CAs."""

    changes: dict[str, list[str]]
    described: dict[str, dict]
    outputs: dict[str, dict]
    planned_again: dict[str, list[str]]

    def changed(self, name):
        """What was planned for one CA: actions by address inside its module."""
        prefix = f'module.jitp_ca["{name}"].'
        return {
            address.removeprefix(prefix): actions
            for address, actions in self.changes.items()
            if address.startswith(prefix)
        }

    def state(self, name):
        described = self.described[name]["certificateDescription"]
        return described["status"], described["autoRegistrationStatus"]

    def registration(self, name):
        return self.described[name].get("registrationConfig")


@dataclass
class Campaign:
    """CAs that are changed together, step by step, because each apply takes its time."""

    steps: list[Step]
    left: list[dict]
    makers: dict[str, Maker]


def start(account, copy, authorities):
    return Workspace(stage(copy), CONFIGURATION, account, {"authorities": authorities}).init()


def verification(account, maker):
    """What the maker signs when the platform team sends it the registration code."""
    code = client(account, "iot").get_registration_code()["registrationCode"]
    return maker.device({"CommonName": code}).certificate_pem


@pytest.fixture(scope="module")
def campaign(endpoint, tmp_path_factory):
    account = new_account(endpoint)
    iot = client(account, "iot")
    makers = {name: Maker({"CommonName": f"Maker {name}"}) for name in NAMES}
    first = {name: {"certificate_pem": maker.certificate_pem} for name, maker in makers.items()}
    successor = first.pop("new")
    first["verified"] |= {
        "certificate_mode": "DEFAULT",
        "verification_certificate_pem": verification(account, makers["verified"]),
    }
    second = {
        **first,
        "new": successor,
        "switched": {**first["switched"], "allow_auto_registration": False},
        "moved": {**first["moved"], "answer": "second"},
        "rewritten": {**first["rewritten"], "answer": "inline"},
        "guarded": {**first["guarded"], "answer": "gate"},
    }
    third = {
        **second,
        "switched": {**first["switched"], "active": False},
        "rewritten": first["rewritten"],
        "guarded": first["guarded"],
        "steady": {"certificate_pem": in_another_layout(makers["steady"].certificate_pem)},
    }
    third.pop("old")

    workspace = start(account, tmp_path_factory.mktemp("campaign"), first)
    steps = []
    with workspace.one_provider():
        for authorities in (first, second, third):
            workspace.set({"authorities": authorities})
            changes = workspace.plan().changes
            workspace.run("apply", "-no-color", "-input=false", "tfplan")
            outputs = workspace.outputs()["authorities"]
            described = {
                name: iot.describe_ca_certificate(certificateId=output["certificate_id"])
                for name, output in outputs.items()
            }
            registered = iot.list_ca_certificates()["certificates"]
            assert {ca["certificateId"] for ca in registered} == {
                output["certificate_id"] for output in outputs.values()
            }
            steps.append(Step(changes, described, outputs, workspace.plan().changes))
        workspace.destroy()
    return Campaign(steps, iot.list_ca_certificates()["certificates"], makers)


def in_another_layout(pem):
    return "subject=CN = Maker\r\n" + pem.strip().replace("\n", "\r\n")


def test_applied_again_nothing_changes(campaign):
    assert [step.planned_again for step in campaign.steps] == [{}, {}, {}]


def test_a_ca_is_registered_with_its_template_and_switched_on(campaign):
    first, _, _ = campaign.steps
    assert first.state("steady") == ("ACTIVE", "ENABLE")
    assert first.registration("steady") == {"templateName": "first"}
    described = first.described["steady"]["certificateDescription"]
    assert described["certificateMode"] == "SNI_ONLY"
    pem = campaign.makers["steady"].certificate_pem
    assert described["certificatePem"] == first.outputs["steady"]["certificate_pem"] == pem


def test_what_is_not_changed_is_left_alone_whatever_its_lines_end_with(campaign):
    _, second, third = campaign.steps
    assert second.changed("steady") == third.changed("steady") == {}


def test_automatic_registration_is_switched_off_and_on(campaign):
    _, second, third = campaign.steps
    assert second.changed("switched") == third.changed("switched") == {CA: ["update"]}
    assert second.state("switched") == ("ACTIVE", "DISABLE")
    assert third.state("switched") == ("INACTIVE", "ENABLE")
    # Neither takes the template away: switched on again, it answers as before.
    assert second.registration("switched") == third.registration("switched")
    assert third.registration("switched") == {"templateName": "first"}


def test_another_template_takes_over_in_place(campaign):
    _, second, third = campaign.steps
    assert second.changed("moved") == {CA: ["update"]}
    assert second.registration("moved") == {"templateName": "second"}
    assert third.changed("moved") == {}


def test_a_body_of_its_own_replaces_the_template_and_the_template_the_body(campaign):
    _, second, third = campaign.steps
    for step in (second, third):
        assert step.changed("rewritten")[CA] == REPLACED
    assert second.registration("rewritten").keys() == {"templateBody", "roleArn"}
    assert third.registration("rewritten") == {"templateName": "first"}
    ids = {step.outputs["rewritten"]["certificate_id"] for step in campaign.steps}
    assert len(ids) == 1


def test_a_ca_that_gets_a_gate_really_loses_its_template(campaign):
    _, second, third = campaign.steps
    assert second.changed("guarded")[CA] == REPLACED
    assert second.registration("guarded") is None
    assert second.state("guarded") == ("ACTIVE", "ENABLE")
    # And the other way: no gate is left beside the template.
    assert third.changed("guarded")[CA] == REPLACED
    assert third.registration("guarded") == {"templateName": "first"}
    assert third.outputs["guarded"]["function_name"] is None


def test_a_ca_rolls_over_to_its_successor_with_both_active_for_a_while(campaign):
    first, second, third = campaign.steps
    assert "new" not in first.described
    assert second.changed("old") == {}
    assert second.state("old") == second.state("new") == ("ACTIVE", "ENABLE")
    # The old one is removed although it was active, and the new one does not notice.
    assert third.changed("old")[CA] == ["delete"]
    assert "old" not in third.described
    assert third.changed("new") == {}
    assert third.state("new") == ("ACTIVE", "ENABLE")


def test_the_makers_verification_certificate_is_accepted(campaign):
    for step in campaign.steps:
        described = step.described["verified"]["certificateDescription"]
        assert (described["certificateMode"], described["status"]) == ("DEFAULT", "ACTIVE")


def test_destroyed_no_ca_is_left_though_most_were_active(campaign):
    assert campaign.left == []


def test_a_verification_certificate_of_somebody_else_is_refused_in_so_many_words(account, tmp_path):
    maker, other = Maker({"CommonName": "Maker"}), Maker({"CommonName": "Maker"})
    wrong = {
        "other-code": maker.device({"CommonName": "0" * 64}).certificate_pem,
        "other-ca": verification(account, other),
    }
    default = {"certificate_pem": maker.certificate_pem, "certificate_mode": "DEFAULT"}
    authorities = {
        name: {**default, "verification_certificate_pem": pem} for name, pem in wrong.items()
    }
    workspace = start(account, tmp_path, authorities)
    _, output = workspace.run(
        "apply", "-no-color", "-input=false", "-auto-approve", "-target=module.jitp_ca", accept=(1,)
    )
    said = " ".join(output.split())
    assert "RegistrationCodeValidationException: Registration code provided in the CN" in said
    assert "CertificateValidationException: The signature of the certificate failed" in said
    assert client(account, "iot").list_ca_certificates()["certificates"] == []


def test_two_accounts_register_the_same_ca(endpoint, tmp_path):
    authorities = {"shared": {"certificate_pem": Maker({"CommonName": "Maker"}).certificate_pem}}
    ids = set()
    for number in range(2):
        account = new_account(endpoint)
        workspace = start(account, tmp_path / str(number), authorities)
        workspace.apply()
        (registered,) = client(account, "iot").list_ca_certificates()["certificates"]
        assert registered["status"] == "ACTIVE"
        assert f":{account.account_id}:" in registered["certificateArn"]
        ids.add(registered["certificateId"])
    assert len(ids) == 1
