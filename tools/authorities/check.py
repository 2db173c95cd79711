"""Checks device certificates before the factory run, against the CA that is registered.

AWS IoT tells a device nothing: a certificate that it cannot use is a connection that drops, and
a subject field that a template declares and the certificate lacks leaves the device stuck.
https://docs.aws.amazon.com/iot/latest/developerguide/device-certs-your-own.html
https://docs.aws.amazon.com/iot/latest/developerguide/jit-provisioning.html
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from device_registry import names
from tools.authorities import pem
from tools.authorities.pem import UnusableFileError
from tools.authorities.settings import SubjectRules
from tools.authorities.verification import MIN_RSA_BITS
from tools.device.maker import SUBJECT_FIELDS

_MAX_PEM_CHARACTERS = 65_536
_MAX_SERIAL_OCTETS = 20
_THING_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_STRONG_HASHES = frozenset({"sha256", "sha384", "sha512"})
_USUAL_CURVES = (ec.SECP256R1, ec.SECP384R1)
_USUAL_RSA_EXPONENT = 65_537
# The beginning of every subject field's object identifier, 2.5.4; one octet and the value follow.
_SUBJECT_FIELD = bytes.fromhex("06035504")
# UTF8String, PrintableString, IA5String.
_TEXT_TYPES = frozenset({0x0C, 0x13, 0x16})
_IN_PROFILE = "in the CA's certificate profile"
_THE_CA_ITSELF = (
    "Its first certificate is the registered CA's own: give the device's, and put it before those "
    "of its issuers."
)
_THING_NAME_ALLOWED = "1 to 128 letters, digits, '_', '-' and ':'"
_ATTRIBUTE_ALLOWED = "at most 800 letters, digits and _.,@/:#=[]- (no space, no '+', no '%')"
_SERIAL_NUMBER_ALLOWED = "1 to 64 letters, digits, '_' and '-', the first a letter or digit"
_DEVICE_TYPE_ALLOWED = "1 to 32 lower-case letters, digits and '-'"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What certificates are checked against.

    Attributes:
        authority: The registered CA's certificate.
        rules: What a subject has to hold; None where that is not known.
        device_types: The stack's device types; None where they are not known.
        chain: Further CA certificates, to tell who signed what the registered CA did not.
        min_days: How many days a certificate has to be valid yet.
        now: The time.
    """

    authority: x509.Certificate
    rules: SubjectRules | None
    now: dt.datetime
    device_types: frozenset[str] | None = None
    chain: tuple[x509.Certificate, ...] = ()
    min_days: int = 0


@dataclass(kw_only=True)
class Result:
    """What was found in one file. ``identity`` is the thing's name or the serial number."""

    file: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    certificate: x509.Certificate | None = None
    identity: str | None = None
    key: str = "-"


@pem.without_warnings()
def check(file: str, content: bytes, plan: Plan) -> Result:
    """Check one file: a device certificate, and behind it, where wanted, those of its CAs."""
    try:
        blocks = pem.certificate_blocks(content)
        leaf = pem.parse(blocks[0])
    except UnusableFileError as error:
        return Result(file=file, problems=[str(error)])
    if leaf == plan.authority:
        return Result(file=file, problems=[_THE_CA_ITSELF])
    result = Result(file=file, certificate=leaf)
    if len(blocks[0]) > _MAX_PEM_CHARACTERS:
        result.problems.append(
            f"The certificate has {len(blocks[0]):,} characters; AWS IoT takes "
            f"{_MAX_PEM_CHARACTERS:,}. Leave large extensions out {_IN_PROFILE}."
        )
    issuers = _issuers(blocks[1:], result)
    _order(leaf, issuers, result)
    result.problems += _signer(leaf, plan, issuers)
    result.problems += _validity(leaf, plan)
    _key(leaf, plan, result)
    result.problems += _form(leaf)
    if plan.rules is not None:
        _subject(leaf, plan.rules, plan.device_types, result)
    return result


class Batch:
    """Finds what may be only once among all certificates of a factory run."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, object], str] = {}

    @pem.without_warnings()
    def add(self, result: Result, rules: SubjectRules | None) -> None:
        """Add a problem to the result for what an earlier one had already."""
        leaf = result.certificate
        if leaf is None:
            return
        whole = self._first("certificate", leaf.fingerprint(hashes.SHA256()), result)
        if whole is not None:
            result.problems.append(
                f"It is the same certificate as in {whole}: every device needs one of its own."
            )
            return
        number = self._first("number", leaf.serial_number, result)
        if number is not None:
            result.problems.append(
                f"Its X.509 serial number is also that of {number}: a CA never gives one twice. "
                "Let the CA draw it at random."
            )
        key = self._first("key", _public_key(leaf), result)
        if key is not None:
            result.problems.append(
                f"Its key is also that of {key}: whoever has one device could speak for the "
                "other. Make a key in each device."
            )
        what = "thing name" if rules is None or rules.serial_number is None else "serial number"
        same = self._first("identity", result.identity, result) if result.identity else None
        if same is not None:
            result.problems.append(
                f"Its {what} {result.identity!r} is also that of {same}: the two devices would "
                "share one thing. Number each device once."
            )

    def _first(self, kind: str, value: object, result: Result) -> str | None:
        """Return the file that had this first; None if this one is the first, or has none."""
        if value is None:
            return None
        first = self._seen.setdefault((kind, value), result.file)
        return None if first == result.file else first


def _issuers(blocks: list[str], result: Result) -> list[x509.Certificate]:
    issuers = []
    for place, block in enumerate(blocks, 2):
        try:
            issuers.append(pem.parse(block))
        except UnusableFileError as error:
            result.problems.append(f"Certificate {place} of the file: {error}")
    return issuers


def _order(leaf: x509.Certificate, issuers: list[x509.Certificate], result: Result) -> None:
    """Each certificate has to be followed by its issuer's, as a TLS server expects them."""
    previous = leaf
    for place, issuer in enumerate(issuers, 2):
        if previous.issuer != issuer.subject:
            result.problems.append(
                f"Certificate {place} of the file is that of '{pem.subject(issuer.subject)}', "
                f"which did not issue the one before it: put the device's own certificate first, "
                "then its issuer's, and nothing else."
            )
            return
        previous = issuer


def _signer(leaf: x509.Certificate, plan: Plan, issuers: list[x509.Certificate]) -> list[str]:
    authority = plan.authority
    registered = pem.subject(authority.subject)
    problems = []
    algorithm = _hash_name(leaf)
    if algorithm not in _STRONG_HASHES:
        problems.append(
            f"It is signed with {algorithm}; AWS IoT takes SHA-256, SHA-384 and SHA-512 with RSA "
            f"or ECDSA. Change the signature algorithm {_IN_PROFILE}."
        )
    if leaf.issuer == authority.subject:
        if not problems and not _signed_by(leaf, authority):
            problems.append(
                f"It names '{registered}' as its issuer, but the registered CA's key did not sign "
                "it: another CA of that name did, or it was changed afterwards. Sign with the "
                "registered CA's key, or register the CA that signs."
            )
        return problems
    signer = next((each for each in (*issuers, *plan.chain) if _signed_by(leaf, each)), None)
    if signer is not None:
        name = pem.subject(signer.subject)
        problems.append(
            f"It was signed by '{name}', not by the registered CA '{registered}' itself. AWS IoT "
            f"looks for the CA that signs the device's certificate: register '{name}', or let "
            f"'{registered}' sign."
        )
    else:
        problems.append(
            f"It was issued by '{pem.subject(leaf.issuer)}', not by the registered CA "
            f"'{registered}': let the factory sign with that CA, or register the one it signs with."
        )
    return problems


def _hash_name(leaf: x509.Certificate) -> str:
    try:
        algorithm = leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    # Ed25519 and its like have no hash of their own to choose.
    return algorithm.name if algorithm else leaf.signature_algorithm_oid.dotted_string


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _validity(leaf: x509.Certificate, plan: Plan) -> Iterator[str]:
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    last = plan.authority.not_valid_after_utc
    if begin > plan.now:
        yield (
            f"It is not valid before {_time(begin)}: check the clock of the station that signs, or "
            "do not ship the device earlier."
        )
    if end <= plan.now:
        yield f"It expired at {_time(end)}: issue it again, with a longer validity."
    elif end < plan.now + dt.timedelta(days=plan.min_days):
        yield (
            f"It ends at {_time(end)}, in less than {plan.min_days} days: set a longer validity "
            f"{_IN_PROFILE}."
        )
    if end > last:
        yield (
            f"It ends at {_time(end)}, after the CA's certificate ({_time(last)}): set a shorter "
            f"validity {_IN_PROFILE}, or register a CA that lives longer."
        )


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _key(leaf: x509.Certificate, plan: Plan, result: Result) -> None:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        result.key = f"RSA {key.key_size}"
        _rsa(key, result)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        result.key = f"EC {key.curve.name}"
        if isinstance(key.curve, ec.SECP521R1):
            result.notes.append(
                "Its key is on P-521, which many TLS libraries for devices leave out: try one "
                "device, or use P-256."
            )
        elif not isinstance(key.curve, _USUAL_CURVES):
            result.problems.append(
                f"Its key is on the curve {key.curve.name}: make it on P-256 or P-384."
            )
    else:
        result.problems.append(
            "Its key is neither RSA nor EC on a known curve: make it EC on P-256 or P-384, or RSA "
            f"with {MIN_RSA_BITS} bits."
        )
    if key is not None and key == plan.authority.public_key():
        result.problems.append(
            "Its key is the CA's own: a device that holds it can sign others. Make a key in each "
            "device, and treat this CA as compromised if one was shipped."
        )


def _rsa(key: rsa.RSAPublicKey, result: Result) -> None:
    exponent = key.public_numbers().e
    if key.key_size < MIN_RSA_BITS:
        result.problems.append(
            f"Its RSA key has {key.key_size} bits: make it with {MIN_RSA_BITS} or more."
        )
    if exponent < _USUAL_RSA_EXPONENT:
        result.problems.append(
            f"Its RSA key has the public exponent {exponent}: make it with {_USUAL_RSA_EXPONENT}."
        )


def _form(leaf: x509.Certificate) -> Iterator[str]:
    if leaf.version is not x509.Version.v3:
        yield f"It is of X.509 version 1: set the version to 3 {_IN_PROFILE}."
    number = leaf.serial_number
    if number <= 0:
        yield (
            "Its X.509 serial number is not positive: let the CA draw one at random, of 16 octets."
        )
    elif number.bit_length() // 8 + 1 > _MAX_SERIAL_OCTETS:
        yield (
            f"Its X.509 serial number is longer than {_MAX_SERIAL_OCTETS} octets: let the CA draw "
            "one at random, of 16 octets."
        )
    try:
        extensions = leaf.extensions
    except (ValueError, x509.DuplicateExtension):
        yield f"Its extensions cannot be read, or one is there twice: correct them {_IN_PROFILE}."
        return
    yield from _extensions(extensions)


def _extensions(extensions: x509.Extensions) -> Iterator[str]:
    constraints = pem.extension(extensions, x509.BasicConstraints)
    usage = pem.extension(extensions, x509.KeyUsage)
    purposes = pem.extension(extensions, x509.ExtendedKeyUsage)
    if constraints is not None and constraints.ca:
        yield (
            "It is a CA's certificate (basicConstraints CA:TRUE): the device could sign others. "
            f"Set CA:FALSE {_IN_PROFILE}."
        )
    elif usage is not None and usage.key_cert_sign:
        yield f"Its keyUsage has keyCertSign, which is for CAs: take it out {_IN_PROFILE}."
    if usage is not None and not usage.digital_signature:
        yield (
            "Its keyUsage lacks digitalSignature, without which no TLS client can show that it "
            f"holds the key: add it {_IN_PROFILE}."
        )
    accepted = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if purposes is not None and not accepted & set(purposes):
        yield (
            f"Its extendedKeyUsage lacks clientAuth: add it {_IN_PROFILE}, or leave the extension "
            "out."
        )
    for each in extensions:
        if each.critical and isinstance(each.value, x509.UnrecognizedExtension):
            yield (
                f"Its extension {each.oid.dotted_string} is critical, and who does not know it "
                f"must refuse the certificate: make it not critical {_IN_PROFILE}."
            )


def _subject(
    leaf: x509.Certificate,
    rules: SubjectRules,
    device_types: frozenset[str] | None,
    result: Result,
) -> None:
    values = {}
    for name in rules.fields:
        found = leaf.subject.get_attributes_for_oid(SUBJECT_FIELDS[name])
        problem = _field_problem(name, found)
        if problem:
            result.problems.append(f"{problem} {_IN_PROFILE}.")
        else:
            values[name] = str(found[0].value)
    result.problems += _value_problems(values, rules, device_types)
    identity = values.get(rules.serial_number or rules.thing_name or "")
    result.identity = identity
    if rules.thing_name is not None and identity is not None and ":" in identity:
        result.notes.append(
            f"Thing name {identity!r} has a ':', which AWS advises against in names."
        )


def _field_problem(name: str, found: Sequence[x509.NameAttribute[Any]]) -> str | None:
    if not found:
        return f"Its subject lacks {name}, which the CA's settings read: add it"
    if len(found) > 1:
        return f"Its subject has {name} {len(found)} times: leave one of them"
    value = found[0].value
    if not value:
        return f"Its subject's {name} is empty: fill it"
    if not isinstance(value, str) or not value.isprintable():
        return (
            f"Its subject's {name} is {value!r}, with characters that cannot be printed: leave "
            "them out"
        )
    return _type_problem(name, found[0])


def _type_problem(name: str, attribute: x509.NameAttribute[Any]) -> str | None:
    """Return what is wrong with the string's type: readers differ in what they make of others."""
    encoded = x509.Name([attribute]).public_bytes()
    tag = encoded[encoded.index(_SUBJECT_FIELD) + len(_SUBJECT_FIELD) + 1]
    if tag not in _TEXT_TYPES:
        return (
            f"Its subject's {name} is neither UTF8String, PrintableString nor IA5String: write it "
            "as UTF8String"
        )
    return None


def _value_problems(
    values: Mapping[str, str], rules: SubjectRules, device_types: frozenset[str] | None
) -> Iterator[str]:
    """Yield what is wrong with the values that something is made of."""
    thing_name = values.get(rules.thing_name or "")
    if thing_name is not None:
        what = f"{rules.thing_name}, the thing's name,"
        yield from _must(_THING_NAME, what, thing_name, _THING_NAME_ALLOWED)
        if not thing_name.startswith(rules.thing_name_prefix):
            yield (
                f"{what} is {thing_name!r} and does not begin with {rules.thing_name_prefix!r}, as "
                f"this CA's things have to: correct it {_IN_PROFILE}."
            )
    for attribute, name in sorted(rules.attributes.items()):
        what = f"{name}, the attribute '{attribute}',"
        yield from _must(names.ATTRIBUTE_VALUE, what, values.get(name), _ATTRIBUTE_ALLOWED)
    if rules.thing_group is not None:
        what = f"{rules.thing_group}, the thing group,"
        yield from _one_of(rules.thing_groups, what, values.get(rules.thing_group))
    if rules.serial_number is not None:
        what = f"{rules.serial_number}, the serial number,"
        value = values.get(rules.serial_number)
        yield from _must(names.SERIAL_NUMBER, what, value, _SERIAL_NUMBER_ALLOWED)
    if rules.device_type is not None:
        what, value = f"{rules.device_type}, the device type,", values.get(rules.device_type)
        if device_types is None:
            yield from _must(names.DEVICE_TYPE, what, value, _DEVICE_TYPE_ALLOWED)
        else:
            yield from _one_of(device_types, what, value)
    if rules.manufacturer is not None:
        what = f"{rules.manufacturer}, the manufacturer,"
        value = values.get(rules.manufacturer)
        yield from _must(names.ATTRIBUTE_VALUE, what, value, _ATTRIBUTE_ALLOWED)


def _must(pattern: re.Pattern[str], what: str, value: str | None, allowed: str) -> Iterator[str]:
    if value is not None and not names.matches(pattern, value):
        yield f"{what} is {value!r}; allowed are {allowed}. Correct it {_IN_PROFILE}."


def _one_of(allowed: frozenset[str], what: str, value: str | None) -> Iterator[str]:
    if value is not None and value not in allowed:
        known = ", ".join(sorted(allowed)) or "none"
        yield (
            f"{what} is {value!r}, which the stack does not have (it has {known}): correct it "
            f"{_IN_PROFILE}, or add it to the stack first."
        )


def _public_key(leaf: x509.Certificate) -> bytes | None:
    try:
        return leaf.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, UnsupportedAlgorithm):
        return None
