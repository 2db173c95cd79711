import json
import os
import warnings
from getpass import GetPassWarning

import click
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from tests.unit.tools.authorities import odd
from tests.unit.tools.authorities.fakes import ARN, CA_ID, FakeIot, identifier
from tests.unit.tools.cli.test_stack import AUTHORITY, stack_file
from tests.unit.tools.fakes import client_error
from tools.cli import errors
from tools.cli.main import cli
from tools.cli.options import Deployment
from tools.device.maker import Maker, key_to_pem, to_pem

MAKER = Maker({"CommonName": "Northwind 2026"})
CODE = "0a" * 32
COMMANDS = sorted(cli.commands["ca"].commands)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """No test here reaches AWS, and none sees the caller's stack."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "IOT_PROVISIONING")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tools.authorities.closing._PAUSE_SECONDS", 0)


@pytest.fixture
def aws(monkeypatch):
    """What the commands take for AWS IoT; set its certificates before they run."""
    fake = FakeIot()
    monkeypatch.setattr(Deployment, "iot", fake)
    return fake


def run(*arguments, stdin="", code=0):
    result = CliRunner().invoke(cli, ["ca", *map(str, arguments)], input=stdin)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_and_gives_an_example(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command = cli.commands["ca"].commands[name]
    assert command.get_short_help_str(50) == command.short_help
    assert f"iot-provisioning ca {name}" in command.epilog
    assert all(each.help for each in command.params if isinstance(each, click.Option))
    assert max(map(len, run(name, "--help").output.splitlines())) <= 80


# Verification


def key_pem(key, passphrase=None):
    encryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def files(tmp_path, maker=MAKER, key=None, passphrase=None):
    certificate, key_file = tmp_path / "ca.pem", tmp_path / "ca.key.pem"
    certificate.write_text(to_pem(maker.certificate))
    key_file.write_bytes(key_pem(key or maker.key, passphrase))
    return "--ca-certificate", certificate, "--ca-key", key_file, "--out", tmp_path / "out.pem"


def verify(arguments, *more, **given):
    return run("verification-certificate", *arguments, *more, **given)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "sha384"),
        (ec.generate_private_key(ec.SECP521R1()), "sha512"),
        (rsa.generate_private_key(65_537, 2048), "sha256"),
    ],
)
def test_a_verification_certificate_names_the_code_and_is_signed_by_the_ca(
    tmp_path, key, algorithm
):
    maker = Maker({"CommonName": "CA", "Country": "DE"}, key=key)
    result = verify(files(tmp_path, maker), "--registration-code", CODE)
    out = (tmp_path / "out.pem").read_text()
    made = x509.load_pem_x509_certificate(out.encode())
    made.verify_directly_issued_by(maker.certificate)
    assert made.signature_hash_algorithm.name == algorithm
    assert [each.value for each in made.subject] == [CODE]
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    # The CA lives 30 days from the moment it was made: no longer than it.
    assert made.not_valid_after_utc <= maker.certificate.not_valid_after_utc
    assert "Valid until" in result.output
    assert "PRIVATE" not in out + result.output


def test_days_are_as_asked_for_and_each_has_a_key_of_its_own(tmp_path):
    certificates = []
    for name in ("a.pem", "b.pem"):
        arguments = [*files(tmp_path)[:4], "--out", tmp_path / name, "--days", 2]
        verify(arguments, "--registration-code", CODE)
        certificates.append(x509.load_pem_x509_certificate((tmp_path / name).read_bytes()))
    one, other = certificates
    assert one.public_key() != other.public_key()
    assert (one.not_valid_after_utc - one.not_valid_before_utc).days == 2


def test_without_a_code_aws_is_asked(tmp_path, aws):
    verify(files(tmp_path))
    made = x509.load_pem_x509_certificate((tmp_path / "out.pem").read_bytes())
    assert made.subject.rfc4514_string() == f"CN={CODE}"


def test_a_passphrase_comes_from_a_prompt_or_a_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("CA_PASSPHRASE", "sesame")
    arguments = [*files(tmp_path, passphrase=b"sesame"), "--registration-code", CODE]
    result = verify(arguments, stdin="sesame\n")
    assert "sesame" not in result.output
    (tmp_path / "out.pem").unlink()
    verify(arguments, "--passphrase-variable", "CA_PASSPHRASE")
    (tmp_path / "out.pem").unlink()
    wrong = verify(arguments, stdin="wrong\n", code=errors.UNAVAILABLE)
    assert "the passphrase is wrong" in wrong.output
    unset = verify(arguments, "--passphrase-variable", "NONE", code=errors.USAGE)
    assert "no variable NONE" in unset.output
    # A key that needs none takes any.
    verify(
        [*files(tmp_path), "--registration-code", CODE], "--passphrase-variable", "CA_PASSPHRASE"
    )


def test_without_a_terminal_no_passphrase_is_asked_for(tmp_path, monkeypatch):
    arguments = [*files(tmp_path, passphrase=b"sesame"), "--registration-code", CODE]
    nothing = verify(arguments, code=errors.UNAVAILABLE)
    assert "is encrypted, and nobody gave its passphrase" in nothing.output
    assert "--passphrase-variable NAME" in nothing.output

    def echoed(*_, **__):
        warnings.warn("Can not control echo on the terminal.", GetPassWarning, stacklevel=1)
        return "sesame"

    monkeypatch.setattr("click.prompt", echoed)
    assert "is encrypted" in verify(arguments, code=errors.UNAVAILABLE).output


def test_an_existing_file_is_never_overwritten(tmp_path, monkeypatch):
    (tmp_path / "out.pem").write_text("mine")
    arguments = [*files(tmp_path), "--registration-code", CODE]
    assert "exists already" in verify(arguments, code=errors.PARTLY).output
    run("verification-csr", "--registration-code", CODE, *arguments[4:6], code=errors.PARTLY)
    # It appeared after the first look.
    monkeypatch.setattr("pathlib.Path.exists", lambda path, seen=[]: seen or seen.append(1))
    verify(arguments, code=errors.PARTLY)
    assert (tmp_path / "out.pem").read_text() == "mine"


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    arguments = [*files(tmp_path)[:4], "--out", tmp_path / "none" / "x.pem"]
    result = verify(arguments, "--registration-code", CODE, code=errors.UNAVAILABLE)
    assert "cannot be written: No such file" in result.output


def authority(tmp_path, *, key=None, begin=None, end=None, extensions=((odd.CA, True),)):
    """The arguments for a CA that is odd in one way."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = odd.certificate(
        MAKER,
        key=key,
        begin=begin or odd.NOW - odd.DAY,
        end=end or odd.NOW + odd.DAY,
        extensions=extensions,
    )
    arguments = files(tmp_path, key=key)
    arguments[1].write_bytes(odd.to_pem(made))
    return arguments


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"begin": odd.NOW + odd.DAY, "end": odd.NOW + 2 * odd.DAY}, "not valid before"),
        ({"begin": odd.NOW - 2 * odd.DAY, "end": odd.NOW - odd.DAY}, "expired at"),
        ({"extensions": ()}, "lacks CA:TRUE"),
        ({"extensions": ((odd.NO_CA, True),)}, "lacks CA:TRUE"),
        ({"extensions": ((odd.CA, True), (odd.SIGNS, True))}, "lacks keyCertSign"),
        ({"key": rsa.generate_private_key(65_537, 1024)}, "has 1024 bits"),  # noqa: S505
        ({"key": ec.generate_private_key(ec.SECP256K1())}, "neither RSA nor EC on P-256"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, "neither RSA nor EC on P-256"),
    ],
)
def test_a_ca_that_aws_would_refuse_is_a_sentence(tmp_path, given, part):
    arguments = authority(tmp_path, **given)
    result = verify(arguments, "--registration-code", CODE, code=errors.UNAVAILABLE)
    assert part in result.output
    assert not (tmp_path / "out.pem").exists()


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("0603551d0f", "0603551d13", "extensions that cannot be read"),
        ("06082a8648ce3d030107", "06082a8648ce3d03017f", "neither RSA nor EC on P-256"),
    ],
)
def test_a_damaged_ca_certificate_is_a_sentence(tmp_path, old, new, part):
    made = odd.certificate(MAKER, extensions=((odd.CA, True), (odd.usage("key_cert_sign"), True)))
    arguments = files(tmp_path)
    arguments[1].write_bytes(odd.altered(made, MAKER.key, bytes.fromhex(old), bytes.fromhex(new)))
    result = verify(arguments, "--registration-code", CODE, code=errors.UNAVAILABLE)
    assert part in result.output


def test_a_key_must_be_the_ca_s_and_of_a_kind_that_aws_takes(tmp_path):
    code = ("--registration-code", CODE)
    other = files(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    assert "is not the key of" in verify(other, *code, code=errors.UNAVAILABLE).output
    strange = files(tmp_path, key=ed25519.Ed25519PrivateKey.generate())
    assert "neither RSA nor EC" in verify(strange, *code, code=errors.UNAVAILABLE).output
    strange[3].write_text("nothing")
    assert "No private key can be read" in verify(strange, *code, code=errors.UNAVAILABLE).output
    strange[3].unlink()
    assert "cannot be read: No such" in verify(strange, *code, code=errors.UNAVAILABLE).output


def test_a_chain_is_no_ca(tmp_path):
    arguments = files(tmp_path)
    arguments[1].write_text(to_pem(MAKER.certificate) * 2)
    result = verify(arguments, "--registration-code", CODE, code=errors.UNAVAILABLE)
    assert "holds 2 certificates" in result.output


def test_a_csr_names_the_code(tmp_path, aws):
    for more in ((), ("--registration-code", CODE)):
        out = tmp_path / f"{len(more)}.pem"
        run("verification-csr", "--out", out, *more)
        made = x509.load_pem_x509_csr(out.read_bytes())
        assert made.is_signature_valid
        assert made.subject.rfc4514_string() == f"CN={CODE}"


# Checking


def check(*arguments, **given):
    return run("check-certificate", *arguments, **given)


def written(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def good(number, **given):
    fields = [("CommonName", f"acme-{number}"), ("Country", "DE"), ("Organization", "Northwind")]
    return odd.to_pem(odd.certificate(MAKER, *fields, **given))


@pytest.fixture
def stack(tmp_path):
    entry = {**AUTHORITY, "certificate_pem": to_pem(MAKER.certificate)}
    entry["allow_auto_registration"] = True
    closed = {**entry, "active": False, "device_certificate": None}
    return stack_file(tmp_path, certificate_authorities={"northwind": entry, "closed": closed})


def test_good_files_and_folders_end_with_0(tmp_path, stack):
    folder = tmp_path / "run"
    folder.mkdir()
    for number in range(3):
        written(folder, f"{number}.pem", good(number))
    written(folder, "notes.txt", b"not a certificate")
    one = written(tmp_path, "one.crt", good("one"))
    result = check(folder, one, one, "--ca", "northwind", "--stack", stack, "--min-days", 5)
    assert "Good: 4 of 4 certificates." in result.output
    assert "problem" not in result.output


def test_each_problem_is_a_sentence_that_names_the_file(tmp_path, stack):
    bad = written(tmp_path, "bad.pem", good("x y"))
    fine = written(tmp_path, "fine.pem", good("ok"))
    none = tmp_path / "none.pem"
    large = written(tmp_path, "large.pem", bytes(1_000_001))
    arguments = (bad, fine, none, large, "--ca", "acme-northwind", "--stack", stack)
    result = check(*arguments, "--min-days", 5, code=errors.PARTLY)
    assert f"{bad}: CommonName, the thing's name, is 'acme-x y'" in result.output
    assert f"{none}: It cannot be read" in result.output
    assert f"{large}: It is larger than 1 MB" in result.output
    assert "Good: 1 of 4 certificates." in result.output
    assert "1 problem" in result.stdout
    lines = check(*arguments, "--min-days", 5, "--json", code=errors.PARTLY).stdout.splitlines()
    first, second, third, _ = map(json.loads, lines)
    assert (first["good"], second["good"], third["good"]) == (False, True, False)
    assert (second["device"], second["key"]) == ("acme-ok", "EC secp256r1")
    assert second["notAfter"].endswith("Z")
    assert third["notAfter"] is None


def test_a_large_run_lists_only_what_is_not_good(tmp_path, stack):
    key = ec.generate_private_key(ec.SECP256R1())
    paths = [written(tmp_path, f"{n}.pem", good(n)) for n in range(100)]
    arguments = (*paths, "--ca", "northwind", "--stack", stack, "--min-days", 5)
    assert "\nFile" not in check(*arguments, written(tmp_path, "more.pem", good("m"))).stdout
    twins = [written(tmp_path, f"twin{n}.pem", good(f"twin{n}", key=key)) for n in range(2)]
    output = check(*arguments, *twins, code=errors.PARTLY).stdout
    assert f"{twins[1]}: Its key is also that of {twins[0]}" in output
    assert "99.pem" not in output


def test_without_a_stack_the_settings_are_options(tmp_path):
    ca_file = written(tmp_path, "ca.pem", to_pem(MAKER.certificate).encode())
    one = written(tmp_path, "one.pem", good("one"))
    base = (one, "--ca-certificate", ca_file, "--min-days", 0)
    assert "the subjects were not checked" in check(*base).output
    settings = ("--thing-name-field", "CommonName", "--thing-name-prefix", "acme-")
    more = ("--attribute", "maker=Organization", "--thing-group-field", "Country")
    result = check(*base, *settings, *more, "--thing-group", "DE", "--needs", "Country")
    assert "acme-one" in result.stdout
    assert "lacks StateName" in check(*base, "--needs", "StateName", code=errors.PARTLY).output
    gate = ("--serial-number-field", "CommonName", "--device-type-field", "Country")
    output = check(*base, *gate, "--manufacturer-field", "Organization", code=errors.PARTLY).output
    assert "Country, the device type, is 'DE'" in output


def test_a_chain_file_tells_who_signed(tmp_path):
    line = Maker({"CommonName": "Line 4"}, issuer=MAKER)
    ca_file = written(tmp_path, "ca.pem", to_pem(MAKER.certificate).encode())
    chain = written(tmp_path, "chain.pem", to_pem(line.certificate).encode())
    one = written(tmp_path, "one.pem", odd.to_pem(odd.certificate(line)))
    arguments = (one, "--ca-certificate", ca_file, "--min-days", 0)
    assert "issued by 'Line 4'" in check(*arguments, code=errors.PARTLY).output
    output = check(*arguments, "--chain", chain, code=errors.PARTLY).output
    assert "signed by 'Line 4'" in output


def test_notes_and_the_ca_s_own_state_are_told(tmp_path, stack):
    key = ec.generate_private_key(ec.SECP521R1())
    one = written(tmp_path, "one.pem", good("one", key=key))
    result = check(one, "--ca", "closed", "--stack", stack, "--min-days", 5)
    assert "P-521" in result.stderr
    assert "closed takes no new devices at present" in result.stderr


def test_a_ca_that_aws_would_refuse_is_no_ca_to_check_against(tmp_path):
    ca_file = written(tmp_path, "ca.pem", odd.to_pem(odd.certificate(MAKER, key=MAKER.key)))
    own = Maker({"CommonName": "acme-SN1"}, key=MAKER.key)
    one = written(tmp_path, "one.pem", odd.to_pem(odd.certificate(own)))
    arguments = (one, "--ca-certificate", ca_file, "--min-days", 0)
    assert "lacks CA:TRUE" in check(*arguments, code=errors.PARTLY).stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "Against which CA?"),
        (("--ca", "x", "--ca-certificate", "y"), "Against which CA?"),
        (("--ca", "x"), "has no CA 'x'; it has: none"),
        (("--ca", "x", "--needs", "Country"), "leave them out"),
        (("--ca-certificate", "ca.pem", "--attribute", "x=Locality"), "write NAME=FIELD"),
        (("--ca-certificate", "ca.pem", "--attribute", "=Country"), "write NAME=FIELD"),
        (
            (
                *("--ca-certificate", "ca.pem", "--thing-name-field", "Country"),
                *("--serial-number-field", "Country"),
            ),
            "give one of them",
        ),
        *(
            (("--ca-certificate", "ca.pem", option, value), f"says nothing without {other}:")
            for option, value, other in [
                ("--thing-name-prefix", "acme-", "--thing-name-field"),
                ("--thing-group", "DE", "--thing-group-field"),
                ("--thing-group-field", "Country", "--thing-group"),
                ("--device-type-field", "Country", "--serial-number-field"),
                ("--manufacturer-field", "Country", "--serial-number-field"),
            ]
        ),
    ],
)
def test_a_wrong_command_line_ends_with_2(tmp_path, arguments, part):
    written(tmp_path, "ca.pem", to_pem(MAKER.certificate).encode())
    result = check("one.pem", *arguments, code=errors.USAGE)
    assert part in " ".join(result.output.split())


def test_what_cannot_be_used_is_a_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    ca_file = written(tmp_path, "ca.pem", to_pem(MAKER.certificate).encode())
    result = check("empty", "--ca-certificate", ca_file, code=errors.USAGE)
    assert "empty holds no .pem" in result.output
    entry = {**AUTHORITY, "certificate_pem": "nonsense"}
    stack = stack_file(tmp_path, certificate_authorities={"x": entry})
    result = check("one.pem", "--ca", "x", "--stack", stack, code=errors.UNAVAILABLE)
    assert "The certificate of CA x cannot be used. It is not PEM" in result.output
    for code in ("short", "g" * 64):
        run("verification-csr", "--out", "x", "--registration-code", code, code=errors.USAGE)


# Listing


def fill(aws, *statuses):
    aws.certificates = {identifier(n): status for n, status in enumerate(statuses, 1)}


def test_certificates_are_listed_with_thing_and_last_connection(aws, stack):
    fill(aws, "ACTIVE", "ACTIVE", "INACTIVE", "PENDING_ACTIVATION")
    for number, thing in enumerate(("acme-1", "acme-2", "acme-3"), 1):
        aws.things[identifier(number)] = [thing]
    aws.connectivity = {
        "acme-1": {"connected": True, "timestamp": 1_767_225_600_000},
        "acme-2": {"connected": False, "timestamp": 1_767_225_600_000},
        "acme-3": {"connected": False},
    }
    output = run("list-certificates", "--ca", "northwind", "--stack", stack)
    seen = [line.split()[-1] for line in output.stdout.splitlines()[-4:]]
    assert seen == ["-", "offline", "2026-01-01", "connected"]
    assert max(map(len, output.stdout.splitlines())) <= 80
    assert (
        "CA northwind: 4 certificates (2 ACTIVE, 1 INACTIVE, 1 PENDING_ACTIVATION); the newest of "
        "2026-03-01T00:00:00Z."
    ) in output.stderr
    rows = [
        json.loads(line)
        for line in run("list-certificates", "--ca", CA_ID, "--json").stdout.splitlines()
    ]
    assert [row["thing"] for row in rows] == [None, "acme-3", "acme-2", "acme-1"]
    assert [row["connected"] for row in rows] == [None, False, False, True]
    assert rows[3]["lastConnectionChangeAt"] == "2026-01-01T00:00:00Z"
    assert rows[1]["lastConnectionChangeAt"] is None
    assert rows[0]["certificateId"] == identifier(4)


def test_a_connected_thing_may_lack_the_time(aws):
    fill(aws, "ACTIVE")
    aws.things[identifier(1)] = ["acme-1"]
    aws.connectivity = {"acme-1": {"connected": True}}
    # And one that never connected since connectivity is indexed has none.
    aws.things[identifier(1)].append("acme-2")
    aws.connectivity["acme-2"] = None
    lines = run("list-certificates", "--ca", ARN + CA_ID).stdout.splitlines()
    assert [line.split()[-1] for line in lines[-2:]] == ["connected", "-"]


def test_status_and_limit_narrow_the_list(aws):
    fill(aws, *["ACTIVE"] * 3, "INACTIVE")
    aws.things = {identifier(n): [f"acme-{n}"] for n in range(1, 5)}
    arguments = ("list-certificates", "--ca", CA_ID)
    assert "ACTIVE " not in run(*arguments, "--status", "revoked").stdout
    inactive = run(*arguments, "--status", "inactive")
    assert "acme-4" in inactive.stdout
    assert "acme-3" not in inactive.stdout
    limited = run(*arguments, "--limit", 2)
    assert "There are more than 2" in limited.output
    assert "acme-2" not in limited.stdout
    assert "acme-1" in run(*arguments, "--limit", 0).stdout


def test_many_things_are_asked_for_in_queries_that_aws_takes(aws):
    fill(aws, *["ACTIVE"] * 7)
    aws.things = {identifier(n): [f"{n}".rjust(128, "x")] for n in range(1, 8)}
    run("list-certificates", "--ca", CA_ID)
    assert len(aws.queries) == 2
    assert max(map(len, aws.queries)) <= 1_000


@pytest.mark.parametrize(
    ("failure", "part"),
    [
        (client_error("UnauthorizedException"), "may not use iot:SearchIndex"),
        (client_error("IndexNotReadyException"), "off or not ready"),
        (client_error("ResourceNotFoundException"), "off or not ready"),
        (None, "does not index connectivity"),
    ],
)
def test_unknown_connections_are_told_once(aws, failure, part):
    fill(aws, *["ACTIVE"] * 7)
    aws.things = {identifier(n): [f"acme-{n}"] for n in range(1, 8)}
    aws.connectivity = {f"acme-{n}": None for n in range(1, 8)}
    aws.failures["search"] = [failure]
    result = run("list-certificates", "--ca", CA_ID)
    assert result.stderr.count("Last connections are not known") == 1
    assert part in result.stderr
    assert "acme-1" in result.stdout


def test_other_refusals_are_errors(aws):
    fill(aws, "ACTIVE")
    aws.things = {identifier(1): ["acme-1"]}
    for call, code in (("search", "ThrottlingException"), ("things", "ThrottlingException")):
        aws.failures[call] = [client_error(code)]
        run("list-certificates", "--ca", CA_ID, code=errors.UNAVAILABLE)
    aws.failures["things"] = [client_error("ResourceNotFoundException")]
    run("list-certificates", "--ca", CA_ID)
    fill(aws)
    aws.failures["describe"] = [client_error("ThrottlingException")]
    run("list-certificates", "--ca", CA_ID, code=errors.UNAVAILABLE)


def test_a_ca_without_certificates_is_told_from_one_that_is_not_there(aws):
    assert "has signed nothing" in run("list-certificates", "--ca", CA_ID).stderr
    aws.authority = None
    result = run("list-certificates", "--ca", CA_ID, code=errors.PARTLY)
    assert "check AWS_REGION" in result.stderr


# Closing


@pytest.mark.parametrize(
    ("command", "target", "changed"), [("deactivate", "INACTIVE", 2), ("revoke", "REVOKED", 3)]
)
def test_the_ca_is_closed_first_and_then_every_certificate(aws, stack, command, target, changed):
    fill(aws, "ACTIVE", "INACTIVE", "PENDING_ACTIVATION", "REVOKED")
    result = run(command, "--ca", "northwind", "--stack", stack, stdin="y\n")
    assert aws.calls[0] == ("close", CA_ID)
    assert aws.authority == ["INACTIVE", "DISABLE"]
    assert len(aws.calls) == 1 + changed
    # A revoked certificate never becomes inactive again.
    assert list(aws.certificates.values()) == [target] * 3 + ["REVOKED"]
    assert f"{changed} certificates set {target}." in result.stderr
    assert "entry northwind: active = false, allow_auto_registration = false" in result.stderr
    assert "once more in five minutes" in result.stderr
    again = run(command, "--ca", "northwind", "--stack", stack, "--yes")
    assert len(aws.calls) == 1 + changed
    assert "0 certificates set" in again.stderr
    # The stack file says that Terraform would open it again, and nobody has provisioned meanwhile.
    assert "Terraform would open the CA again" in again.stderr
    assert "once more" not in again.stderr


def test_terraform_is_told_of_first_and_only_while_it_would_open_the_ca(aws, tmp_path, stack):
    fill(aws, *["ACTIVE"] * 40)
    aws.failures["update"] = [*[None] * 20, KeyboardInterrupt()]
    for_stack = ("--ca", "northwind", "--stack", stack, "--yes")
    stopped = run("revoke", *for_stack, code=errors.INTERRUPTED)
    assert "Terraform would open the CA again" in stopped.stderr
    told = {**AUTHORITY, "active": False, "allow_auto_registration": False}
    stack_file(tmp_path, certificate_authorities={"northwind": told})
    assert "Terraform" not in run("revoke", *for_stack).stderr
    # Somebody opened it all the same.
    aws.authority = ["ACTIVE", "ENABLE"]
    assert "Terraform would open" in run("revoke", *for_stack).stderr
    aws.authority = None
    for by_name in (for_stack, ("--ca", CA_ID, "--yes")):
        assert "Terraform" not in run("revoke", *by_name).stderr
    stack_file(tmp_path, certificate_authorities={"northwind": AUTHORITY | {"active": True}})
    assert "Terraform would open" in run("revoke", *for_stack).stderr


def test_nothing_is_changed_in_a_dry_run_or_without_a_yes(aws):
    fill(aws, "ACTIVE", "INACTIVE")
    dry = run("deactivate", "--ca", CA_ID, "--dry-run")
    assert "2 certificates (1 ACTIVE, 1 INACTIVE); 1 to be set INACTIVE." in dry.stderr
    for answer in ("n\n", ""):
        declined = run("revoke", "--ca", CA_ID, stdin=answer, code=errors.PARTLY)
        assert "This is final." in declined.stderr
        assert declined.stderr.splitlines()[-1] == "Nothing was changed."
    assert aws.calls == []


def test_what_appears_or_comes_back_meanwhile_is_closed_too(aws):
    fill(aws, "ACTIVE")

    def meanwhile():
        aws.certificates[identifier(1)] = "ACTIVE"
        aws.certificates[identifier(2)] = "PENDING_ACTIVATION"

    def after_the_first_round():
        # The first list was the question's, the second is the run's.
        aws.meanwhile = meanwhile

    aws.meanwhile = after_the_first_round
    result = run("deactivate", "--ca", CA_ID, "--yes")
    assert set(aws.certificates.values()) == {"INACTIVE"}
    assert "2 certificates set INACTIVE." in result.stderr


def test_what_never_changes_ends_the_run_and_is_counted(aws, monkeypatch):
    fill(aws, "ACTIVE")
    monkeypatch.setattr(aws, "update_certificate", lambda **_: None)
    result = run("deactivate", "--ca", CA_ID, "--yes", code=errors.PARTLY)
    assert "1 certificate could not be set INACTIVE. Run the command again." in result.stderr
    assert aws.lists == 12


def test_a_certificate_that_cannot_be_changed_is_named_and_the_others_are(aws):
    fill(aws, "PENDING_TRANSFER", "ACTIVE", "ACTIVE")
    aws.failures[identifier(1)] = [client_error("CertificateStateException", message="odd.")]
    aws.failures[identifier(2)] = [client_error("ResourceNotFoundException")]
    # It is deleted by somebody: the next list does not have it.
    aws.meanwhile = lambda: setattr(
        aws, "meanwhile", lambda: aws.certificates.pop(identifier(2), None)
    )
    result = run("revoke", "--ca", CA_ID, "--yes", code=errors.PARTLY)
    sentence = "it is PENDING_TRANSFER, and AWS answered CertificateStateException: odd."
    assert f"{identifier(1)} is not REVOKED: {sentence}" in result.stderr
    # It was tried once: the next run tries it again.
    assert aws.certificates[identifier(1)] == "PENDING_TRANSFER"
    assert aws.certificates[identifier(3)] == "REVOKED"
    assert "1 certificate could not be set REVOKED." in result.stderr


@pytest.mark.parametrize(
    ("failure", "code", "part"),
    [
        (KeyboardInterrupt(), errors.INTERRUPTED, "Interrupted after"),
        (client_error("ThrottlingException"), errors.UNAVAILABLE, "kept throttling"),
    ],
)
def test_a_run_that_stops_says_how_to_go_on(aws, failure, code, part):
    fill(aws, *["ACTIVE"] * 40)
    aws.failures["update"] = [*[None] * 20, failure]
    result = run("deactivate", "--ca", CA_ID, "--yes", code=code)
    assert part in result.stderr
    assert "The CA is closed; run the same command again to finish." in result.stderr
    run("deactivate", "--ca", CA_ID, "--yes")
    assert set(aws.certificates.values()) == {"INACTIVE"}


def test_a_deleted_ca_s_certificates_are_still_closed(aws):
    fill(aws, "ACTIVE")
    aws.authority = None
    result = run("deactivate", "--ca", CA_ID, "--yes")
    assert "is not registered any more" in result.stderr
    assert aws.certificates == {identifier(1): "INACTIVE"}
    fill(aws)
    wrong = run("deactivate", "--ca", CA_ID, "--yes", code=errors.PARTLY)
    assert "check AWS_REGION" in wrong.stderr


def test_a_ca_that_takes_nothing_automatically_but_is_active_is_closed(aws):
    aws.authority = ["ACTIVE", "DISABLE"]
    run("deactivate", "--ca", CA_ID, "--yes")
    assert aws.authority == ["INACTIVE", "DISABLE"]


def test_the_simulated_key_format_is_read(tmp_path):
    """The maker's own form of a key, as a factory simulation writes it."""
    arguments = files(tmp_path)
    arguments[3].write_text(key_to_pem(MAKER.key))
    verify(arguments, "--registration-code", CODE)
