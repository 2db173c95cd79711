"""A stored record as plain JSON, under the table's own attribute names."""

from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tools.registry.table import StoredItem


def as_json(item: StoredItem) -> dict[str, Any]:
    """Return the attributes with numbers as whole numbers and sets as sorted lists."""
    deserialise = TypeDeserializer().deserialize
    return {name: _plain(deserialise(value)) for name, value in sorted(item.items())}


def _plain(value: Any) -> Any:
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, str | bool | None):
        return value
    return int(value)
