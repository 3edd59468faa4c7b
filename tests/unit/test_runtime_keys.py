"""Each runtime has its own keys: one that it lacks, and one that is another runtime's, is told with its line."""

import pytest

from tests.unit.shop import SHOP, changed, line_of, parse, problems

SITE = """\
  site:
    runtime: systemd
    hosts: web
    user: shop
    command: node site.js
"""
# What stands under `site` before its ports.
GIVEN = {
    "systemd": "    user: shop\n    command: node site.js\n    directory: site\n",
    "pm2": "    user: shop\n    command: node site.js\n    directory: site\n",
    "docker": "    image: {build: site}\n    command: node site.js\n    container_port: 3000\n",
    "compose": "    file: compose/site.yml\n    container_port: 3000\n",
}
STORE = "    unit: postgresql\n"
EDGE = "edge:\n  hosts: edge\n"


def site(runtime, lines):
    return changed(SITE, f"  site:\n    runtime: {runtime}\n    hosts: web\n{lines}")


@pytest.mark.parametrize("runtime", GIVEN)
def test_a_runtime_takes_its_own_keys(runtime):
    assert parse(site(runtime, GIVEN[runtime])).services["site"].runtime == runtime


def test_a_service_in_a_container_needs_no_command_no_port_and_no_file():
    docker = parse(site("docker", "    image: {registry: 'registry.example.com:5000/shop/site:${version}'}\n"))
    assert docker.services["site"].image.reference("1.4.2") == "registry.example.com:5000/shop/site:1.4.2"
    assert parse(site("compose", "")).services["site"].file == "docker-compose.yml"


@pytest.mark.parametrize(
    ("runtime", "key"),
    [("systemd", "user"), ("systemd", "command"), ("pm2", "user"), ("pm2", "command"), ("docker", "image")],
)
def test_a_key_that_a_runtime_needs_is_missed_at_the_line_of_its_service(runtime, key):
    lines = "".join(line for line in GIVEN[runtime].splitlines(keepends=True) if not line.startswith(f"    {key}:"))
    text = site(runtime, lines)
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line_of(text, "  site:"), f"services.site.{key}")
    assert (problem.found, problem.allowed) == ("nothing", f"the {key}, which {runtime} needs")


@pytest.mark.parametrize(
    ("runtime", "line", "whose"),
    [
        ("systemd", "image: {build: site}", "docker and ecs"),
        ("systemd", "file: compose.yml", "compose"),
        ("systemd", "container_port: 3000", "docker and compose and ecs"),
        ("pm2", "image: {build: site}", "docker and ecs"),
        ("pm2", "container_port: 3000", "docker and compose and ecs"),
        ("docker", "user: shop", "systemd and pm2"),
        ("docker", "directory: site", "systemd and pm2"),
        ("docker", "file: compose.yml", "compose"),
        ("compose", "user: shop", "systemd and pm2"),
        ("compose", "command: node site.js", "systemd and pm2 and docker and ecs"),
        ("compose", "image: {build: site}", "docker and ecs"),
    ],
)
def test_a_key_of_another_runtime_is_refused_at_its_line(runtime, line, whose):
    text = site(runtime, f"{GIVEN[runtime]}    {line}\n")
    key = line.partition(":")[0]
    (problem,) = problems(text)
    # `user: shop` stands at other services as well: the last line of the site's is meant.
    start = line_of(text, "  site:") - 1
    assert problem.line == start + 1 + line_of("\n".join(text.splitlines()[start + 1 :]), f"    {line}")
    assert (problem.key, problem.allowed) == (f"services.site.{key}", f"no {key} for {runtime}; it is for {whose}")


def test_an_image_comes_from_exactly_one_place():
    for image, found in (("{}", "none of them"), ("{build: a, archive: b.tar}", "build and archive")):
        (problem,) = problems(site("docker", f"    image: {image}\n"))
        assert (problem.key, problem.found) == ("services.site.image", found)
        assert problem.allowed == "exactly one of build, archive, registry"


@pytest.mark.parametrize("reference", ["Site:1", "site:${tag}", "site 1", "site;id", "-site", "site@sha256:abc"])
def test_what_is_no_image_is_refused(reference):
    (problem,) = problems(site("docker", f"    image: {{registry: '{reference}'}}\n"))
    assert problem.key == "services.site.image.registry"


@pytest.mark.parametrize(
    ("lines", "key", "allowed"),
    [
        (
            "    runtime: compose\n    unit: postgresql\n    file: a.yml\n",
            "unit",
            "no unit for compose; it is for systemd",
        ),
        ("    runtime: compose\n", "file", "the file, which compose needs"),
        ("    unit: postgresql\n    file: a.yml\n", "file", "no file for systemd; it is for compose"),
        ("", "unit", "the unit, which systemd needs"),
    ],
)
def test_a_datastore_has_a_unit_or_a_compose_file(lines, key, allowed):
    text = changed(STORE, lines)
    (problem,) = problems(text)
    expected = f"    {key}:" if f"    {key}:" in lines else "  postgresql:"
    assert (problem.line, problem.key) == (line_of(text, expected), f"datastores.postgresql.{key}")
    assert problem.allowed == allowed


def test_a_datastore_may_be_of_a_compose_file():
    store = parse(changed(STORE, "    runtime: compose\n    file: shop/compose.yml\n")).datastores["postgresql"]
    assert (store.runtime, store.file, store.unit) == ("compose", "shop/compose.yml", "")


@pytest.mark.parametrize(
    ("lines", "on", "allowed"),
    [
        ("  file: a.yml\n", "  file: a.yml", "no file for systemd; it is for compose"),
        ("  runtime: compose\n", "edge:", "the file, which compose needs"),
    ],
)
def test_an_edge_has_a_file_only_for_compose(lines, on, allowed):
    text = changed(EDGE, EDGE + lines)
    (problem,) = problems(text)
    assert (problem.line, problem.key, problem.allowed) == (line_of(text, on), "edge.file", allowed)


def test_a_runtime_that_an_environment_changes_is_judged_with_its_own_keys():
    text = SHOP + "    services: {site: {runtime: docker, image: {build: site}}}\n"
    assert parse(text, "prod").services["site"].runtime == "systemd"
    (problem,) = problems(text, "lab")
    assert (problem.line, problem.key) == (line_of(text, "  site:") + 3, "services.site.user")
    assert problem.allowed == "no user for docker; it is for systemd and pm2"
    assert parse(text.replace("image:", "user: null, image:"), "lab").services["site"].runtime == "docker"


def test_services_under_pm2_have_one_user():
    lines = GIVEN["pm2"].replace("user: shop", "user: other").replace("systemd", "pm2")
    text = SHOP.replace("runtime: systemd", "runtime: pm2")
    text = text.replace("services:\n", f"services:\n  zap:\n    runtime: pm2\n    hosts: web\n{lines}"
        "    ports: {blue: 4000, green: 4010}\n    health: {path: /}\n", 1)  # fmt: skip
    assert any("PM2 is one user's" in each.allowed for each in problems(text))
