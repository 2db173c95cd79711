"""Stored items read without trust: whatever their attributes hold, nothing here raises.

A record that somebody damaged still has to be shown, and its device still has to be cut off.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer

from device_registry import names
from tools.registry.table import StoredItem


def plain(item: StoredItem) -> dict[str, Any]:
    """Return the attributes as JSON knows them, under the table's own names."""
    deserialise = TypeDeserializer().deserialize
    return {name: _json(deserialise(value)) for name, value in sorted(item.items())}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(member) for name, member in value.items()}
    if isinstance(value, set):
        return sorted((_json(member) for member in value), key=str)
    if isinstance(value, list):
        return [_json(member) for member in value]
    if isinstance(value, Decimal):
        # DynamoDB keeps 38 digits, a float not half of them.
        return int(value) if value == value.to_integral_value() else str(value)
    # The stubs do not know its one attribute.
    return value.value.hex() if isinstance(value, Binary) else value  # type: ignore[attr-defined]


def text(item: StoredItem, attribute: str) -> str | None:
    """Return an attribute that is a text; None for any other, and for none."""
    value = item.get(attribute, {}).get("S")
    return value if isinstance(value, str) else None


def seconds(item: StoredItem, attribute: str) -> int | None:
    """Return an attribute that is a time; None for anything else, and for none."""
    value = item.get(attribute, {}).get("N")
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def certificate_ids(item: StoredItem) -> frozenset[str]:
    """Return every device certificate that the item names, in whatever type it does."""
    values = plain(
        {name: item[name] for name in ("certificateId", "certificateIds") if name in item}
    )
    return frozenset(
        value for value in _leaves(values) if names.matches(names.CERTIFICATE_ID, value)
    )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _leaves(member)
    else:
        yield value
