"""PEM armour: exactly one block of the kind that is asked for.

Follows https://www.rfc-editor.org/rfc/rfc7468.
"""

import base64

from jitr_gate.der import DerError


def decode(text: str, label: str) -> bytes:
    """Return what the block with this label holds. Text around the block is left alone.

    Raises:
        DerError: there is no such block, more than one, or one that is not base64.
    """
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    _, found, rest = text.partition(begin)
    body, ended, after = rest.partition(end)
    if not (found and ended) or begin in after:
        raise DerError("not exactly one PEM block")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise DerError("not base64") from None
