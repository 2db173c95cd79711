"""Finds secrets in text: those that a run is known to have made, and whatever looks like one.

A known secret is found in base64 (in PEM or DER, in whichever structure, with line breaks or
without, in the alphabet for URLs too), in hexadecimal and as it is; a part of it that is long
enough is found as well. Not found are other encodings (decimal, octal, compressed, encrypted) and
hexadecimal with separators.

Nothing that is returned from here holds a secret.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.support.journal import PRIVATE_KEY, TOKEN

# A part of a known secret that is compared whole. The longest that finds a P-256 key in PEM, where
# a line break leaves 16 and 27 characters of it. By chance, 12 characters practically never agree:
# each takes one of 64 values, or in hexadecimal one of 16.
BLOCK = 12
LEAST_BYTES = 16
# What a secret can be part of. Certificates, ARNs and paths are among them, words are not.
RUN = re.compile(r"[A-Za-z0-9+/_-]{20,}")
URL_SAFE = str.maketrans("-_", "+/")
HIDDEN = re.compile(r"[A-Za-z0-9+/_=-]{16,}")
CONTEXT = 60
# Whole runs have to be seen to be hidden.
HIDDEN_BEFORE = 4000
PEM = "something in PEM"
KEY_HEADERS = [f"-----BEGIN {of}PRIVATE KEY-----" for of in ("", "EC ", "RSA ", "ENCRYPTED ")]
BREAK = r'(?:\\+[nr]|["\s])*'


@dataclass(frozen=True)
class Pattern:
    """What looks like a secret.

    Attributes:
        kind: What it is.
        needle: Is in every match, and cheap to look for.
        regex: What is found.
        in_logs_only: Whether others may print it: certificates are public, but no business of a
            function's log.
    """

    kind: str
    needle: str
    regex: re.Pattern[str]
    in_logs_only: bool = False


def _again(text: str) -> str:
    """How a text that is encoded once more in base64 begins."""
    return base64.b64encode(text.encode()).decode()[: len(text) * 8 // 6]


PATTERNS = (
    Pattern(
        PRIVATE_KEY,
        "PRIVATE KEY-----",
        re.compile(rf"-----BEGIN [A-Z ]*PRIVATE KEY-----{BREAK}[A-Za-z0-9+/]{{16}}"),
    ),
    # How the structures of keys begin in base64, whatever the key: PKCS #8, SEC 1 and PKCS #1.
    Pattern(
        PRIVATE_KEY, "IBADANBgkqhkiG", re.compile(r"MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAAS")
    ),
    Pattern(
        PRIVATE_KEY, "AgEAMB", re.compile(r"MI[A-Za-z0-9+/]{2}AgEAMB(?:MGByqGSM49|AGByqGSM49)")
    ),
    Pattern(PRIVATE_KEY, "MHcCAQEEI", re.compile(r"MHcCAQEEI[A-Za-z0-9+/]{16}")),
    Pattern(PRIVATE_KEY, "AgEBB", re.compile(r"MI[A-Za-z0-9+/]{2}AgEBB[DE][A-Za-z0-9+/]{16}")),
    Pattern(PRIVATE_KEY, "IBAAK", re.compile(r"MII[A-Za-z0-9+/]{3}IBAAK[A-Za-z0-9+/]{16}")),
    Pattern(PRIVATE_KEY, _again("-----BEGIN "), re.compile("|".join(map(_again, KEY_HEADERS)))),
    Pattern(
        TOKEN,
        "wnershipToken",
        re.compile(r"""[oO]wnershipToken\\*["']?\s*[:=]\s*\\*["'][A-Za-z0-9+/=_.-]{16}"""),
    ),
    Pattern(PEM, "-----BEGIN", re.compile("-----BEGIN"), in_logs_only=True),
    Pattern(PEM, _again("-----BEGIN "), re.compile(_again("-----BEGIN ")), in_logs_only=True),
)


@dataclass(frozen=True)
class Finding:
    """A secret that was found.

    Attributes:
        kind: What it is.
        before: The text before it, with all that could be a part of it taken out.
    """

    kind: str
    before: str


class Scanner:
    """Looks for secrets.

    Attributes:
        known: How many secrets it was told of.
    """

    def __init__(self) -> None:
        self.known = 0
        self._kinds: dict[str, str] = {}
        self._clean: set[str] = set()

    def learn(self, kind: str, values: Iterable[bytes]) -> None:
        """Look for a secret from now on: for each of the values that it consists of.

        Raises:
            ValueError: A value is too short to be told from chance.
        """
        self.known += 1
        self._clean.clear()
        for value in values:
            if len(value) < LEAST_BYTES:
                raise ValueError(f"{kind} of {len(value)} bytes is too short to look for")
            for spelling in spellings(value):
                for start in range(0, len(spelling) - BLOCK + 1, BLOCK):
                    self._kinds[spelling[start : start + BLOCK]] = kind

    def scan(self, text: str, *, is_log: bool = False) -> list[Finding]:
        """What there is in a text, each kind once.

        Args:
            text: Where to look.
            is_log: Whether it is a log event, in which no PEM has any business.
        """
        found: dict[str, Finding] = {}
        for kind, start in (*self._like_a_secret(text, is_log=is_log), *self._known(text)):
            if kind not in found:
                before = HIDDEN.sub("[...]", text[max(0, start - HIDDEN_BEFORE) : start])
                found[kind] = Finding(kind, before[-CONTEXT:])
        return list(found.values())

    def _like_a_secret(self, text: str, *, is_log: bool) -> Iterator[tuple[str, int]]:
        for pattern in PATTERNS:
            if pattern.needle in text and (is_log or not pattern.in_logs_only):
                match = pattern.regex.search(text)
                if match:
                    yield pattern.kind, match.start()

    def _known(self, text: str) -> Iterator[tuple[str, int]]:
        kinds, clean = self._kinds, self._clean
        for match in RUN.finditer(text):
            run = match.group()
            # Much is said again and again.
            if run in clean:
                continue
            plain = run.translate(URL_SAFE)
            for start in range(len(plain) - BLOCK + 1):
                if plain[start : start + BLOCK] in kinds:
                    yield kinds[plain[start : start + BLOCK]], match.start()
                    break
            else:
                clean.add(run)


def spellings(value: bytes) -> Iterator[str]:
    """How a value looks in text, wherever it begins in what is encoded."""
    yield value.hex()
    yield value.hex().upper()
    for shift, foreign in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * shift + value).decode()
        # Characters that other bytes have a part in are not the value's own.
        yield encoded[foreign : (shift + len(value)) * 8 // 6]
    if value.isascii():
        yield value.decode().translate(URL_SAFE)
