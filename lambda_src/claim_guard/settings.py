"""The function's settings, from its environment."""

import re
from collections.abc import Mapping

from device_registry import names
from device_registry.reasons import MisconfiguredError

# Up to the key of a claim, which is the rest of the alarm's name.
_ALARM_ARN_PREFIX = re.compile(
    r"arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:[a-z][a-z0-9-]{0,18}[a-z0-9]-claim-budget-"
)


def alarm_arn_prefix(environ: Mapping[str, str]) -> str:
    """Read how the ARNs of the budget alarms begin.

    That is all the environment says, however many claims there are: it holds 4 KB, and alarms and
    certificates one by one would not fit for long. They are told apart where AWS does it: the
    function's resource policy names each alarm, its role's policy each claim certificate.

    Raises:
        MisconfiguredError: there is none, or one that would let in other alarms.
    """
    value = environ.get("ALARM_ARN_PREFIX", "")
    if not names.matches(_ALARM_ARN_PREFIX, value):
        raise MisconfiguredError("ALARM_ARN_PREFIX")
    return value
