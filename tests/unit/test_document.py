"""A description is either a valid system, or every problem in it with its line and a way out."""

from pathlib import Path

import pytest

from handrail.errors import SystemInvalid
from handrail.model import document
from handrail.model.slot import Slot
from tests.unit.shop import SHOP, changed, line_of, parse, problems

SANVI = (Path(__file__).parents[2] / "inventories" / "sanvi.yaml").read_text()


def the_problem(old, new, *, on=None, environment="prod"):
    text = changed(old, new)
    (problem,) = problems(text, environment)
    assert problem.file == "shop.yaml"
    assert problem.line == line_of(text, on or new), str(problem)
    return problem


def test_the_example_is_valid():
    shop = parse(SHOP)
    assert shop.start_order() == (("web",), ("site",))
    assert shop.services["site"].port(Slot.GREEN) == 3011


# What is refused: the change, the line that it is on, the key, what is found, what is allowed, what is suggested.
REFUSED = {
    "unknown key": (
        ("    user: shop\n    directory", "    user: shop\n    directry"),
        ("directry", "services.web.directry", "unknown key 'directry'", "runtime, hosts, user, directory", "directory"),
    ),
    "unknown key at the top": (
        ("times: {", "tmies: {"),
        ("tmies", "tmies", "unknown key 'tmies'", "edge, release, times, bake, ", "times"),
    ),
    "missing key": (
        ("    hosts: web\n    user: shop\n    directory", "    user: shop\n    directory"),
        ("  web:", "services.web.hosts", "nothing", "Inventory group", ""),
    ),
    "unknown runtime": (
        ("runtime: systemd", "runtime: sytemd"),
        ("sytemd", "services.web.runtime", "'sytemd'", "systemd", "systemd"),
    ),
    "unknown kind": (
        ("kind: postgresql", "kind: postgres"),
        ("kind: postgres", "datastores.postgresql.kind", "'postgres'", "postgresql, redis", "postgresql"),
    ),
    "unknown service in needs": (
        ("needs: [web]", "needs: [wbe]"),
        ("needs: [wbe]", "services.site.needs[0]", "'wbe'", "web, site, postgresql", "web"),
    ),
    "unknown service in paths": (
        ("/: site}", "/: sight}"),
        ("sight", "edge.paths./", "'sight'", "a service: web, site", "site"),
    ),
    "unknown service in migrate": (
        ("{service: web,", "{service: webb,"),
        ("webb", "release.migrate.service", "'webb'", "a service: web, site", "web"),
    ),
    "unknown placeholder in the environment": (
        ("${postgresql.address}", "${postgres.address}"),
        (
            "postgres.address",
            "services.web.environment.DB",
            "${postgres.address}",
            "${postgresql.address}",
            "${postgresql.address}",
        ),
    ),
    "unknown placeholder in the artifact": (
        ("shop-${version}", "shop-${vresion}"),
        ("vresion", "release.artifact", "${vresion}", "${version}; $$ is a dollar", "${version}"),
    ),
    "unknown placeholder in a smoke question": (
        ('contains: "${version}"', 'contains: "${port}"'),
        ("contains", "release.smoke[0].contains", "${port}", "${slot}, ${version}", ""),
    ),
    "placeholder that is never closed": (
        ("PORT: ${port}", "PORT: ${port"),
        ("PORT:", "services.web.environment.PORT", "${ without a name and a }", "${port}", ""),
    ),
    "unknown secret": (
        ("DB_PASSWORD: {secret: DB_PASSWORD}", "DB_PASSWORD: {secret: DB_PASWORD}"),
        ("DB_PASWORD", "services.web.environment.DB_PASSWORD.secret", "'DB_PASWORD'", "under secrets", "DB_PASSWORD"),
    ),
    "both slots on one port": (
        ("{blue: 3000, green: 3010}", "{blue: 3000, green: 3000}"),
        ("green: 3000", "services.web.ports.green", "3000, which services.web.ports.blue has", "of its own", ""),
    ),
    "port of another service": (
        ("{blue: 3001, green: 3011}", "{blue: 3010, green: 3011}"),
        ("blue: 3010", "services.site.ports.blue", "3010, which services.web.ports.green has", "of its own", ""),
    ),
    "port of a datastore on the same hosts": (
        ("hosts: db\n    unit: postgresql\n    port: 5432", "hosts: web\n    unit: postgresql\n    port: 3011"),
        ("port: 3011", "datastores.postgresql.port", "3011, which services.site.ports.green has", "of its own", ""),
    ),
    "port of the edge on the same hosts": (
        ("hosts: edge", "hosts: web\n  port: 3000"),
        ("  port: 3000", "edge.port", "3000, which services.web.ports.blue has", "of its own", ""),
    ),
    "port as text": (
        ("green: 3010", 'green: "3010"'),
        ("3010", "services.web.ports.green", "'3010'", "a whole number from 1 to 65535", ""),
    ),
    "port out of range": (
        ("green: 3010", "green: 65536"),
        ("65536", "services.web.ports.green", "65536", "a whole number from 1 to 65535", ""),
    ),
    "cycle": (
        ("needs: [postgresql]", "needs: [postgresql, site]"),
        ("[postgresql, site]", "services.web.needs[1]", "web -> site -> web", "needs without a cycle", ""),
    ),
    "service that needs itself": (
        ("needs: [web]", "needs: [web, site]"),
        ("[web, site]", "services.site.needs[1]", "site -> site", "needs without a cycle", ""),
    ),
    "confirm that is too short": (
        ("confirm: 60s", "confirm: 20s"),
        ("confirm: 20s", "times.confirm", "'20s'", "more than times.bake + 10s, that is more than 20s", ""),
    ),
    "bake that is too long for confirm's default": (
        ("times: {bake: 10s, confirm: 60s}", "times: {bake: 50s}"),
        ("bake: 50s", "times.bake", "'50s'", "less than times.confirm - 10s; confirm is 1m by default", ""),
    ),
    "lease that is too short": (
        ("confirm: 60s", "confirm: 60s, lease: 9s"),
        ("lease: 9s", "times.lease", "'9s'", "at least 10s", ""),
    ),
    "duration without a unit": (
        ("confirm: 60s", "confirm: 60"),
        ("confirm: 60", "times.confirm", "60", "a duration with its unit", ""),
    ),
    "boolean for text": (
        ("user: shop", "user: on"),
        ("user: on", "services.web.user", "on, which YAML reads as a boolean", "a user:", ""),
    ),
    "boolean for a port": (
        ("green: 3010", "green: yes"),
        ("green: yes", "services.web.ports.green", "yes, which YAML reads as a boolean", "a whole number", ""),
    ),
    "boolean in the environment": (
        ("PORT: ${port}", "PORT: off"),
        ("PORT: off", "services.web.environment.PORT", "a boolean: YAML reads yes, no, on, off", "put quotes", ""),
    ),
    "fraction in the environment": (
        ("PORT: ${port}", "PORT: 1.10"),
        ("PORT: 1.10", "services.web.environment.PORT", "a number with a fraction", "put quotes", ""),
    ),
    "number in base 60": (
        ("PORT: ${port}", "PORT: 22:30"),
        ("22:30", "services.web.environment.PORT", "a number that YAML reads in base 60", "put quotes around it", ""),
    ),
    "number in base 60 for a port": (
        ("green: 3010", "green: 50:10"),
        ("50:10", "services.web.ports.green", "a number that YAML reads in base 60", "decimal numbers", ""),
    ),
    "number in base 8": (
        ("green: 3010", "green: 03010"),
        ("03010", "services.web.ports.green", "a number that YAML reads in base 8", "decimal numbers", ""),
    ),
    "number in base 16": (
        ("green: 3010", "green: 0xBC2"),
        ("0xBC2", "services.web.ports.green", "a number that is not written in plain decimals", "decimal numbers", ""),
    ),
    "date": (
        ("PORT: ${port}", "PORT: 2024-05-01"),
        ("2024-05-01", "services.web.environment.PORT", "what YAML reads as a date", "put quotes around it", ""),
    ),
    "key that is a boolean": (
        ("PORT: ${port}", "PORT: ${port}\n      ON: x"),
        ("ON: x", "services.web.environment.ON", "a key that YAML does not read as text", "put quotes around it", ""),
    ),
    "tag": (
        ("user: shop", "user: !!binary c2hvcA=="),
        ("!!binary", "services.web.user", "a value with a tag of its own", "text", ""),
    ),
    "key that stands twice": (
        ("    hosts: web", "    hosts: web\n    runtime: systemd"),
        ("user: shop", "services.web.runtime", "the key twice, first on line 4", "each key once", ""),
    ),
    "newline in a command": (
        ("command: node site.js", 'command: "node\\nsite.js"'),
        ('command: "node', "services.site.command", "a newline or another control character", "a list of words", ""),
    ),
    "open quote in a command": (
        ("command: node site.js", "command: node 'site.js"),
        ("node 'site.js", "services.site.command", "a quote that is never closed", "a list of words", ""),
    ),
    "empty command": (
        ("command: node site.js", "command: []"),
        ("command: []", "services.site.command", "no command", "a list of words", ""),
    ),
    "postgresql without a database": (
        ("    database: shop\n", ""),
        ("  postgresql:", "datastores.postgresql.database", "nothing", "which postgresql needs", ""),
    ),
    "secret from two places": (
        ("{env: SHOP_DB_PASSWORD}", "{env: SHOP_DB_PASSWORD, file: x}"),
        ("file: x", "secrets.DB_PASSWORD", "env and file", "exactly one of env, file, command", ""),
    ),
    "secret from nowhere": (
        ("{env: SHOP_DB_PASSWORD}", "{}"),
        ("DB_PASSWORD: {}", "secrets.DB_PASSWORD", "none of them", "exactly one of env, file, command", ""),
    ),
    "no mark of the version": (
        (", header: X-Release}", "}"),
        ("version: {path: /api/version}", "release.version", "none of them", "exactly one of header, contains", ""),
    ),
    "a mark that every version has": (
        ("header: X-Release", "contains: shop"),
        ("contains: shop", "release.version", "a mapping", "${version}", ""),
    ),
    "key with nothing behind it": (
        ("    password: {secret: DB_PASSWORD}", "    password:"),
        ("    password:", "datastores.postgresql.password", "nothing", "leave the key out", ""),
    ),
    "digest that is too short": (
        ("  artifact: shop", "  sha256: abc!\n  artifact: shop"),
        ("sha256", "release.sha256", "'abc!'", "64 hexadecimal digits", ""),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_where_what_and_what_is_allowed(name):
    (old, new), (on, key, found, allowed, suggestion) = REFUSED[name]
    text = changed(old, new)
    (problem,) = problems(text)
    expected_line = 6 if name == "key that stands twice" else line_of(text, on)
    assert (problem.file, problem.line, problem.key) == ("shop.yaml", expected_line, key)
    assert found in problem.found
    assert allowed in problem.allowed
    assert problem.suggestion == suggestion
    assert str(problem).startswith(f"shop.yaml:{problem.line}: {key}: found ")


def test_a_service_and_a_datastore_cannot_share_a_name():
    text = SHOP.replace("  site:", "  postgresql:").replace("/: site", "/: postgresql").replace("[postgresql]", "[]")
    (problem,) = problems(text)
    assert problem.key == "datastores.postgresql"
    assert problem.found == "'postgresql', which is a service"


def test_every_problem_is_told_at_once_in_file_order():
    text = SHOP
    for old, new in (
        ("runtime: systemd", "runtime: sytemd"),
        ("green: 3010", "green: 3000"),
        ("${postgresql.address}", "${postgers.address}"),
        ("needs: [web]", "needs: [wbe]"),
        ("kind: postgresql", "kindd: postgresql"),
        ("/: site}", "/: sight}"),
        ("confirm: 60s", "confirm: 5s"),
    ):
        text = changed(old, new, text)
    found = problems(text, "staging")
    assert [problem.key for problem in found] == [
        "services.web.runtime",
        "services.web.ports.green",
        "services.web.environment.DB",
        "services.site.needs[0]",
        "datastores.postgresql.kind",
        "datastores.postgresql.kindd",
        "edge.paths./",
        "times.confirm",
        "environments",
    ]
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)


def test_the_message_counts_the_problems_and_says_what_to_do_next():
    with pytest.raises(SystemInvalid, match=r"shop\.yaml: 1 problem\n") as caught:
        parse(changed("needs: [web]", "needs: [wbe]"))
    assert caught.value.exit_code == 2
    assert caught.value.next_step


def test_an_unknown_environment_is_refused_with_the_nearest():
    (problem,) = problems(SHOP, "prd")
    assert problem.line == line_of(SHOP, "environments:")
    assert problem.key == "environments"
    assert "'prd'" in problem.found
    assert (problem.allowed, problem.suggestion) == ("one of: prod, lab", "prod")


def test_a_document_without_environments_is_refused():
    (problem,) = problems(SHOP[: SHOP.index("environments:")])
    assert (problem.key, problem.found) == ("environments", "nothing")


def test_a_problem_in_an_environment_is_told_at_its_own_line_and_key():
    text = changed("confirm: 15s", "confirm: 12s")
    (problem,) = problems(text, "lab")
    assert (problem.line, problem.key) == (line_of(text, "confirm: 12s"), "environments.lab.times.confirm")
    assert parse(text, "prod")


def test_an_unknown_key_in_an_environment_is_told_at_its_own_key():
    (problem,) = problems(changed("edge: {server_names: [localhost]}", "edge: {server_name: [localhost]}"), "lab")
    assert problem.key == "environments.lab.edge.server_name"
    assert problem.suggestion == "server_names"


@pytest.mark.parametrize("key", ["system: other", "environments: {}"])
def test_an_environment_cannot_change_what_system_it_is(key):
    text = changed("  lab:\n", f"  lab:\n    {key}\n")
    (problem,) = problems(text, "lab")
    assert problem.key == f"environments.lab.{key.split(':')[0]}"
    assert problem.allowed == "any key but system and environments"


def test_an_environment_replaces_lists_and_keeps_what_it_does_not_name():
    lab = parse(SHOP, "lab")
    assert lab.edge.server_names == ("localhost",)
    assert lab.edge.hosts == "edge"


def test_an_environment_takes_a_key_away_with_null():
    text = changed("  lab:\n", "  lab:\n    release: {migrate: null}\n")
    assert parse(text, "lab").release.migrate is None
    assert parse(text, "prod").release.migrate is not None


def test_an_environment_replaces_the_place_of_a_secret_as_a_whole():
    text = changed("  lab:\n", "  lab:\n    secrets: {DB_PASSWORD: {file: secrets/DB_PASSWORD}}\n")
    source = parse(text, "lab").secrets["DB_PASSWORD"]
    assert (source.env, source.file) == (None, "secrets/DB_PASSWORD")


def test_an_environment_that_changes_nothing_may_be_empty():
    assert parse(changed("  prod: {}", "  prod:"))


def test_environments_are_named_in_file_order():
    assert document.environments(SANVI, source="sanvi.yaml") == ("prod", "staging", "dev", "dr", "aws", "lab")


def test_anchors_and_merge_keys_are_understood():
    text = changed("    health: {path: /health}", "    health: &health {path: /health, status: 204}")
    text = changed("    health: {path: /}", "    health:\n      <<: *health\n      path: /", text)
    health = parse(text).services["site"].health
    assert (health.path, health.status) == ("/", 204)


# What people write by mistake where a reference to a secret belongs; none of it may come back on a screen or in CI.
INLINE = {
    "datastore": ("    password: {secret: DB_PASSWORD}", "    password: hunter2"),
    "alias": ("    password: {secret: DB_PASSWORD}", "    password: *hunter2"),
    "anchor": ("    password: {secret: DB_PASSWORD}", "    password: &hunter2"),
    "tag": ("    password: {secret: DB_PASSWORD}", "    password: !hunter2 x"),
    "number": ("    password: {secret: DB_PASSWORD}", "    password: 0x42424242"),
    "name": ("    password: {secret: DB_PASSWORD}", "    password: {secret: hunter2}"),
    "list": ("    password: {secret: DB_PASSWORD}", "    password: [hunter2]"),
    "environment": ("      DB_PASSWORD: {secret: DB_PASSWORD}", "      DB_PASSWORD: hunter2"),
    "environment's reference": ("      DB_PASSWORD: {secret: DB_PASSWORD}", "      DB_PASSWORD: {secret: hunter2}"),
    "environment's list": ("      DB_PASSWORD: {secret: DB_PASSWORD}", "      DB_PASSWORD: [hunter2]"),
    "placeholder": ("      DB: ${postgresql.address}", "      DB: x${hunter2!"),
    "source": ("  DB_PASSWORD: {env: SHOP_DB_PASSWORD}", "  DB_PASSWORD: hunter2"),
    "source's variable": ("  DB_PASSWORD: {env: SHOP_DB_PASSWORD}", "  DB_PASSWORD: {env: hunter2!}"),
    "source's file": ("  DB_PASSWORD: {env: SHOP_DB_PASSWORD}", "  DB_PASSWORD: {file: 'hunter2 '}"),
    "source's command": ("  DB_PASSWORD: {env: SHOP_DB_PASSWORD}", '  DB_PASSWORD: {command: "echo \'hunter2"}'),
    "URL": ("  artifact: shop-${version}.tar.gz", "  artifact: https://bot:hunter2@example.com/shop"),
    "URL's query": ("  artifact: shop-${version}.tar.gz", "  artifact: 'https://example.com/shop?key=hunter2;'"),
}


@pytest.mark.parametrize("name", INLINE)
def test_a_secret_in_plain_text_is_refused_and_not_repeated(name):
    old, new = INLINE[name]
    text = changed(old, new)
    found = problems(text)
    assert found[0].line == line_of(text, new.split("\n")[0])
    message = str(SystemInvalid(found)).replace("hunter2!", "hunter2")
    assert "hunter2" not in message
    assert "42424242" not in message


def test_a_secret_in_plain_text_is_told_how_to_be_one():
    problem = the_problem("    password: {secret: DB_PASSWORD}", "    password: hunter2")
    assert problem.key == "datastores.postgresql.password"
    assert "{secret: NAME}" in problem.allowed
