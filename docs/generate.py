#!/usr/bin/env python3
"""Write the reference of a system's keys from its JSON Schema: `make docs`.

docs/generate.py > docs/reference/system.md
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from handrail.model.duration import PATTERN
from handrail.model.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

HEAD = """\
# Keys of a system's YAML

Made from the schema by `make docs`; do not edit it here. `system.schema.json` beside it is the same for editors.
Put this on the first line of a file in `inventories/`:

    # yaml-language-server: $schema=../docs/reference/system.schema.json

- An unknown key is an error. So are a missing key without a default and a key without a value.
- A duration carries its unit: `200ms`, `30s`, `5m`, `1h30m`.
- Quote what YAML reads as something else: `"on"`, `"22:30"`, `"1.10"`.
- Every problem of a file is reported at once, each with its line: `FILE:LINE: KEY: found …; allowed: …`.
- [`inventories/sanvi.yaml`](../../inventories/sanvi.yaml) uses every key, with comments.
"""
PLACEHOLDERS = """\
## Placeholders

| where | placeholders |
|---|---|
| `services.NAME.environment` | `${port}` `${slot}` `${version}` `${host}` `${NAME.port}` `${NAME.address}` |
| `release.artifact` | `${version}` |
| `release.sha256` | `${version}` `${artifact}` |
| `release.smoke` | `${version}` `${slot}` |
| `release.version.contains` | `${version}` |
| `schedule.tasks.NAME.command` | `${system}` `${environment}` |
| `changes.checklist[]` | `${version}` `${sha256}` `${system}` `${environment}` |
| `notify.templates.EVENT` | [the facts of the event](notifications.md) |

`NAME` is a service or a datastore. A service's port is that of the same slot. An address is that of
the first host of the group, by name. `$$` is a dollar.
"""
# Where the schema has one definition for several places, the first of them names it.
SECTIONS = (
    ("Service", "services.NAME"),
    ("Ports", "services.NAME.ports"),
    ("Instances", "services.NAME.instances"),
    ("Image", "services.NAME.image"),
    ("Health", "services.NAME.health"),
    ("Datastore", "datastores.NAME"),
    ("SecretReference", "datastores.NAME.password"),
    ("Edge", "edge"),
    ("Maintenance", "edge.maintenance"),
    ("Tls", "edge.tls"),
    ("Certificate", "edge.tls.certificates.NAME"),
    ("Acme", "edge.tls.acme"),
    ("Dns", "edge.tls.acme.dns"),
    ("Release", "release"),
    ("Migrate", "release.migrate"),
    ("Smoke", "release.smoke[]"),
    ("Version", "release.version"),
    ("Times", "times"),
    ("Bake", "bake"),
    ("Thresholds", "thresholds"),
    ("PercentThreshold", "thresholds.cpu"),
    ("TimeThreshold", "thresholds.p95"),
    ("ConnectionThreshold", "thresholds.connections"),
    ("CountThreshold", "thresholds.connections.active"),
    ("PoolThreshold", "thresholds.connections.pool"),
    ("Checks", "checks"),
    ("Backup", "backups.NAME"),
    ("Certificates", "certificates"),
    ("Disk", "disk"),
    ("Logs", "logs"),
    ("Schedule", "schedule"),
    ("Task", "schedule.tasks.NAME"),
    ("Changes", "changes"),
    ("Freeze", "changes.freezes[]"),
    ("Normal", "changes.normal"),
    ("Emergency", "changes.emergency"),
    ("Item", "changes.checklist[]"),
    ("Notify", "notify"),
    ("Channel", "notify.channels.NAME"),
    ("Template", "notify.templates.EVENT"),
    ("Aws", "aws"),
    ("TerraformState", "aws.state"),
    ("AwsNetwork", "aws.network"),
    ("Domain", "aws.domain"),
    ("Tasks", "aws.services.NAME"),
    ("Grow", "aws.services.NAME.grow"),
    ("Queue", "aws.services.NAME.grow.queue"),
    ("Database", "aws.database"),
    ("Promote", "aws.database.promote"),
    ("Cache", "aws.cache"),
    ("BackupStore", "aws.backup_store"),
    ("Kept", "aws.backup_store.classes.NAME"),
    ("Alarms", "aws.alarms"),
    ("Lasting", "aws.alarms.cpu"),
    ("SecretSource", "secrets.NAME"),
)
TITLES = dict(SECTIONS)


def page() -> str:
    """Write the whole page."""
    schema = json_schema()
    parts = [HEAD, _section("The document", schema)]
    parts += [_section(f"`{title}`", schema["$defs"][name]) for name, title in SECTIONS]
    return "\n".join([*parts, PLACEHOLDERS])


def _section(title: str, schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [_row(key, _described(each), required=key in required) for key, each in schema["properties"].items()]
    head = ["| key | what | default | description |", "|---|---|---|---|"]
    return "\n".join([f"## {title}", "", schema.get("description", ""), "", *head, *rows, ""])


def _described(schema: Schema) -> Schema:
    """Fall back to the description of what a key refers to."""
    if "description" in schema or "$ref" not in schema:
        return schema
    behind = json_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema | {"description": behind.get("description", "")}


def _row(key: str, schema: Schema, *, required: bool) -> str:
    default = schema.get("default")
    if required:
        shown = "**required**"
    elif default in (None, "", [], {}):
        shown = "-"
    else:
        shown = f"`{_shown(default)}`"
    return f"| `{key}` | {_kind(schema)} | {shown} | {schema.get('description', '')} |".replace("<system>", "SYSTEM")


def _shown(default: Any) -> str:
    """Write a default as it would stand in YAML."""
    match default:
        case str():
            return default
        case dict():
            return f"{{{', '.join(f'{key}: {_shown(each)}' for key, each in default.items() if each is not None)}}}"
        case list():
            return f"[{', '.join(_shown(each) for each in default)}]"
        case float():
            return f"{default:g}"
    return json.dumps(default)


def _kind(schema: Schema) -> str:
    """Say in a few words what may stand there."""
    choices = list(dict.fromkeys(_kinds(schema)))
    return " or ".join(choices)


def _kinds(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        title = TITLES.get(name.removesuffix("Overlay"), "")
        yield f"[mapping](#{_anchor(title)})"
    elif schema.get("title") == "Environment" and "properties" in schema:
        yield "the keys of the document, all optional, but `system`"
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            if each.get("type") != "null":
                yield from _kinds(each)
    elif "const" in schema or "enum" in schema:
        yield ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == ["string", "array"]:
        yield "command: one line, or a list of words"
    else:
        yield from _plain(schema)


def _plain(schema: Schema) -> Iterator[str]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    for kind in kinds:
        match kind:
            case "string":
                yield "duration" if PATTERN in schema.get("pattern", "") else "text"
            case "integer" | "number":
                limits = f", {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else ""
                yield ("whole number" if kind == "integer" else "number") + limits
            case "array":
                yield f"list of: {_kind(schema['items'])}"
            case "object":
                yield _rows(schema)


def _rows(schema: Schema) -> str:
    inner = [*schema.get("patternProperties", {}).values()]
    if not inner:
        rest = schema.get("additionalProperties")
        inner = [rest] if isinstance(rest, dict) else []
    kinds = list(dict.fromkeys(kind for each in inner for kind in _kinds(each)))
    return f"mapping of {_names(schema)} to: {' or '.join(kinds)}" if kinds else "{secret: NAME}"


def _names(schema: Schema) -> str:
    """Say which names a mapping may have: any, or those of a list."""
    behind = schema.get("propertyNames", {}).get("$ref", "").rsplit("/", 1)[-1]
    listed = json_schema()["$defs"].get(behind, {}).get("enum", ())
    return ", ".join(f"`{each}`" for each in listed) or "names"


def _anchor(title: str) -> str:
    """Give the anchor that a heading gets where Markdown is shown."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "-_ ").replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(page())
