"""The rights in a policy document, and the document without one of them."""

import copy

import pytest

from tests.least_privilege.documents import NOTHING, Kind, rights, without

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Two",
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:Receive"],
            "Resource": ["a", "b"],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": "c",
            "Condition": {
                "Bool": {"iot:Connection.Thing.IsAttached": "true"},
                "StringEquals": {"one": "1", "two": "2"},
            },
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}


def named(name, **options):
    """The one right of this name."""
    (found,) = (right for right in rights(DOCUMENT, **options) if right.name == name)
    return found


def test_rights_are_actions_conditions_and_denials():
    assert [(right.sid, right.kind, right.name) for right in rights(DOCUMENT)] == [
        ("Two", Kind.ACTION, "iot:Publish"),
        ("Two", Kind.ACTION, "iot:Receive"),
        ("1", Kind.ACTION, "iot:Connect"),
        ("1", Kind.CONDITION, "iot:Connection.Thing.IsAttached"),
        ("1", Kind.CONDITION, "one"),
        ("1", Kind.CONDITION, "two"),
        ("TlsOnly", Kind.DENIAL, "deny s3:*"),
    ]


def test_one_resource_of_several_is_a_right_where_that_is_asked_for():
    more = set(rights(DOCUMENT, by_resource=True)) - set(rights(DOCUMENT))
    assert {(right.kind, right.name, right.resources) for right in more} == {
        (Kind.RESOURCE, "iot:Publish/iot:Receive on a", ("a",)),
        (Kind.RESOURCE, "iot:Publish/iot:Receive on b", ("b",)),
    }


@pytest.mark.parametrize("taken", list(rights(DOCUMENT, by_resource=True)), ids=lambda r: r.name)
def test_only_what_is_taken_goes(taken):
    before = copy.deepcopy(DOCUMENT)
    left = list(rights(without(DOCUMENT, taken), by_resource=True))
    gone = {right.name for right in rights(DOCUMENT, by_resource=True)} - {r.name for r in left}
    assert taken.name in gone
    # With the last action goes its statement; of two resources the other is no right any more.
    allowed = {
        "iot:Connect": {"iot:Connection.Thing.IsAttached", "one", "two"},
        "iot:Publish": {f"iot:Publish/iot:Receive on {name}" for name in "ab"},
        "iot:Receive": {f"iot:Publish/iot:Receive on {name}" for name in "ab"},
    }
    if taken.kind is Kind.RESOURCE:
        assert gone == {f"iot:Publish/iot:Receive on {name}" for name in "ab"}
    else:
        assert gone - {taken.name} == allowed.get(taken.name, set())
    assert before == DOCUMENT


def test_a_condition_that_is_taken_leaves_the_others_of_its_operator():
    changed = without(DOCUMENT, named("one"))["Statement"][1]
    assert changed["Condition"] == {
        "Bool": {"iot:Connection.Thing.IsAttached": "true"},
        "StringEquals": {"two": "2"},
    }


def test_the_last_condition_goes_with_its_element():
    taken = (named("one"), named("two"), named("iot:Connection.Thing.IsAttached"))
    assert "Condition" not in without(DOCUMENT, *taken)["Statement"][1]


def test_a_document_keeps_a_statement_that_lets_nobody_do_anything():
    alone = {"Version": "2012-10-17", "Statement": DOCUMENT["Statement"][2]}
    (denial,) = rights(alone)
    assert without(alone, denial)["Statement"] == [NOTHING]


def test_what_is_not_there_cannot_be_taken():
    taken = named("iot:Connect")
    with pytest.raises(ValueError, match="has no action iot:Connect"):
        without(without(DOCUMENT, taken), taken)
