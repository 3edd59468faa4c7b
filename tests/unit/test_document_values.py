"""Hostile values: refused where names, paths, users and ports stand, kept verbatim in the environment."""

import pytest
import yaml

from tests.unit.shop import SHOP, parse, problems

HOSTILE = [
    "a;b",
    "$(id)",
    "`id`",
    "a'b",
    'a"b',
    "a\nb",
    "a b",
    "../a",
    "a/../b",
    "ä",
    "a\u202eb",
    "",
    "-a",
    "a\n",
    "a\\b",
]
NARROW = [
    ("system",),
    ("root",),
    ("services", "web", "hosts"),
    ("services", "web", "user"),
    ("services", "web", "directory"),
    ("services", "web", "ports", "blue"),
    ("services", "web", "health", "path"),
    ("services", "web", "stop"),
    ("datastores", "postgresql", "unit"),
    ("datastores", "postgresql", "port"),
    ("datastores", "postgresql", "database"),
    ("datastores", "postgresql", "user"),
    ("edge", "hosts"),
    ("edge", "server_names"),
    ("edge", "port"),
    ("release", "version", "header"),
    ("release", "version", "path"),
]


# A directory may begin with a dash: commands get it as the end of an absolute path.
@pytest.mark.parametrize(
    ("path", "value"),
    [(path, value) for path in NARROW for value in HOSTILE if (path[-1], value) != ("directory", "-a")],
)
def test_hostile_values_are_refused_where_names_paths_users_and_ports_stand(path, value):
    data = yaml.safe_load(SHOP)
    *above, last = path
    here = data
    for part in above:
        here = here[part]
    here[last] = [value] if last == "server_names" else value
    keys = {problem.key.removesuffix("[0]") for problem in problems(yaml.safe_dump(data, allow_unicode=True))}
    assert ".".join(path) in keys


@pytest.mark.parametrize("value", ["a;b", "$(id)", "a'b", "a b", "../a", "Web", "-a", "ä", "a" * 32])
def test_hostile_names_of_services_are_refused(value):
    data = yaml.safe_load(SHOP)
    data["services"][value] = data["services"].pop("site")
    data["edge"]["paths"]["/"] = value
    found = problems(yaml.safe_dump(data, allow_unicode=True))
    assert any(problem.found.startswith("the key ") for problem in found)


@pytest.mark.parametrize(
    "artifact", ["a b.tar.gz", "a;b", "ftp://x/y", "http:///x", "a\nb", "$(id)", "s3://Bucket/x", "'"]
)
def test_hostile_places_of_artifacts_are_refused(artifact):
    data = yaml.safe_load(SHOP)
    data["release"]["artifact"] = artifact
    assert [problem.key for problem in problems(yaml.safe_dump(data))] == ["release.artifact"]


@pytest.mark.parametrize(
    "artifact",
    [
        "../lab/shop-${version}.tar.gz",
        "/srv/shop.tar.gz",
        "file:///srv/shop-${version}.tar.gz",
        "http://artifacts.example.com:8080/${version}/shop.tar.gz",
        "https://artifacts.example.com/shop-${version}.tar.gz?raw=1",
        "s3://shop-artifacts/prod/shop-${version}.tar.gz",
    ],
)
def test_an_artifact_may_be_in_each_kind_of_place(artifact):
    data = yaml.safe_load(SHOP)
    data["release"]["artifact"] = artifact
    assert parse(yaml.safe_dump(data)).release.artifact == artifact


@pytest.mark.parametrize("value", [*HOSTILE, "on", "22:30", "1.5", "\t\x1b"])
def test_hostile_values_are_kept_verbatim_in_the_environment(value):
    data = yaml.safe_load(SHOP)
    data["services"]["web"]["environment"]["PORT"] = value
    assert parse(yaml.safe_dump(data)).services["web"].environment["PORT"] == value
