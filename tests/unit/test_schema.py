"""The JSON Schema knows every key, says what it is for, and agrees with the models."""

import json

import pytest

from handrail.model import schema


@pytest.fixture(scope="module")
def described():
    return schema.json_schema()


def objects(described):
    yield described
    yield from described["$defs"].values()
    yield described["properties"]["environments"]["additionalProperties"]["anyOf"][0]


def resolve(described, node):
    for choice in node.get("anyOf", ()):
        if "$ref" in choice:
            node = node | choice
    name = node.get("$ref", "").rsplit("/", 1)[-1]
    return described["$defs"][name] | node if name else node


def test_it_is_json_of_the_2020_dialect(described):
    assert json.loads(json.dumps(described)) == described
    assert described["$schema"].endswith("2020-12/schema")


def test_every_key_says_what_it_is_for(described):
    for each in objects(described):
        for key, value in each.get("properties", {}).items():
            assert resolve(described, value).get("description"), f"{each['title']}.{key}"


def test_every_reference_leads_somewhere(described):
    text = json.dumps(described)
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= set(described["$defs"])


def test_unknown_keys_are_errors_everywhere(described):
    for each in objects(described):
        if "properties" in each:
            assert each["additionalProperties"] is False, each["title"]
    assert described["properties"]["services"]["additionalProperties"] is False


def test_the_document_needs_its_parts_and_an_environment_needs_none(described):
    assert set(described["required"]) == {"system", "services", "edge", "release", "environments"}
    overlay = described["properties"]["environments"]["additionalProperties"]["anyOf"][0]
    assert "required" not in overlay
    assert "system" not in overlay["properties"]
    assert all("required" not in each for name, each in described["$defs"].items() if name.endswith("Overlay"))


def test_durations_are_patterned_text_with_readable_defaults(described):
    drain = described["$defs"]["Times"]["properties"]["drain"]
    assert drain["type"] == "string"
    assert drain["default"] == "10s"
    assert "pattern" in drain


def test_a_path_finds_its_description_and_its_keys():
    description, keys = schema.describe(("services", "backend", "ports"))
    assert description == "Port of each slot."
    assert keys == ("blue", "green")
    assert schema.describe(("release", "smoke", 0))[1] == ("path", "status", "contains")
    assert schema.describe(("release", "migrate"))[1] == ("service", "command", "deadline")
