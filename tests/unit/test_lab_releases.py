"""The lab's releases: the same bytes every time, and bad in the way that is promised."""

from __future__ import annotations

import hashlib
import json
import tarfile

import pytest
import yaml

from lab.hosts import SYSTEMS, with_role
from lab.releases import COMPOSE_FILE, RELEASES, build, build_all

VERSIONS = [f"1.{minor}.0" for minor in range(13)]


def versioned(version):
    return next(release for release in RELEASES if release.behaviour.version == version)


def digest_beside(artifact):
    digest, name = artifact.with_name(f"{artifact.name}.sha256").read_text().split()
    assert name == artifact.name
    return digest


def content(artifact):
    with tarfile.open(artifact) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar.getmembers()}


def behaviour(system, version, folder):
    return json.loads(content(build(system, versioned(version), folder))["release.json"])


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_builds_have_the_same_bytes(system, tmp_path):
    first = build_all(system, tmp_path / "first")
    second = build_all(system, tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_artifacts_are_named_by_their_system_and_version(system, tmp_path):
    assert [path.name for path in build_all(system, tmp_path)] == [f"{system}-{version}.tar.gz" for version in VERSIONS]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.behaviour.version)
def test_the_digest_is_right_unless_the_release_is_corrupt(release, tmp_path):
    artifact = build("sanvi", release, tmp_path)
    matches = hashlib.sha256(artifact.read_bytes()).hexdigest() == digest_beside(artifact)
    assert matches is (release.behaviour.version != "1.4.0")


def test_the_corrupt_release_differs_by_one_byte_from_what_its_digest_promises(tmp_path):
    artifact = build("sanvi", versioned("1.4.0"), tmp_path)
    content = bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 0xFF
    assert hashlib.sha256(content).hexdigest() == digest_beside(artifact)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_artifact_holds_both_services_and_belongs_to_root(system, tmp_path):
    with tarfile.open(build(system, versioned("1.0.0"), tmp_path)) as tar:
        entries = tar.getmembers()
    names = [entry.name for entry in entries]
    assert names == sorted(names)
    assert {"release.json", "backend/server.js", "backend/migrate.js", "frontend/server.js"} <= set(names)
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0, 0, 0)}


@pytest.mark.parametrize(("version", "migrations"), [("1.0.0", 1), ("1.1.0", 2), ("1.5.0", 2)])
def test_a_release_has_the_migrations_that_it_knows(version, migrations, tmp_path):
    names = [name for name in content(build("sanvi", versioned(version), tmp_path)) if "/migrations/" in name]
    assert [name.split("/")[-1][:3] for name in names] == [f"{number:03}" for number in range(1, migrations + 1)]


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("1.2.0", {"unhealthy_on": ["web2"]}),
        ("1.3.0", {"fail_behind_edge": True}),
        ("1.5.0", {"unhealthy_on": [], "fail_behind_edge": False, "crash_after_seconds": None}),
        ("1.6.0", {"start_delay_seconds": 5}),
        ("1.7.0", {"crash_after_seconds": 1}),
        ("1.8.0", {"exit_at_start": True}),
        ("1.9.0", {"needs_variable": "STORAGE_BUCKET"}),
        ("1.10.0", {"eats_memory": True}),
        ("1.11.0", {"needs_database": True}),
        ("1.12.0", {"log_bytes": 10_000_000}),
    ],
)
def test_a_release_says_how_it_behaves(version, told, tmp_path):
    said = behaviour("sanvi", version, tmp_path)
    assert said["version"] == version
    assert told.items() <= said.items()


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.5.0"])
def test_a_good_release_does_nothing_bad(version, tmp_path):
    said = behaviour("sanvi", version, tmp_path)
    assert {name for name, value in said.items() if value} == {"system", "version"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_release_knows_its_system_and_is_unhealthy_on_the_last_host_of_it(system, tmp_path):
    said = behaviour(system, "1.2.0", tmp_path)
    hosts = with_role("app", system) or with_role("web", system)
    assert (said["system"], said["unhealthy_on"]) == (system, [hosts[-1].name])


def test_an_image_can_be_built_from_the_directory_of_a_service_alone(tmp_path):
    files = content(build("inventory", versioned("1.0.0"), tmp_path))
    for service in ("backend", "frontend"):
        copied = [line.split()[1:-1] for line in files[f"{service}/Dockerfile"].decode().splitlines() if "COPY" in line]
        assert ["service.js", "release.json"] in copied
        for name in ("service.js", "release.json"):
            assert files[f"{service}/{name}"] == files[name]


def test_the_compose_file_builds_from_the_folder_that_it_is_in(tmp_path):
    files = content(build("marketplace", versioned("1.0.0"), tmp_path))
    services = yaml.safe_load(files[COMPOSE_FILE.name])["services"]
    recipes = {"backend": "Dockerfile", "frontend": services["frontend"]["build"]["dockerfile"]}
    assert services["backend"]["build"] == services["frontend"]["build"]["context"] == "."
    for recipe in recipes.values():
        copied = [line.split()[1:-1] for line in files[recipe].decode().splitlines() if line.startswith("COPY")]
        assert all(any(name.startswith(word) for name in files) for words in copied for word in words)


def test_a_frontend_of_files_is_made_for_each_release(tmp_path):
    page = content(build("marketplace", versioned("1.1.0"), tmp_path))["site/index.html"].decode()
    assert "<title>marketplace 1.1.0</title>" in page


def test_only_the_system_under_compose_brings_its_compose_file(tmp_path):
    brought = {system for system in SYSTEMS if COMPOSE_FILE.name in content(build(system, RELEASES[0], tmp_path))}
    assert brought == {"marketplace"}


def test_the_services_of_a_slot_publish_nothing_and_have_no_name_of_their_own(tmp_path):
    services = yaml.safe_load(content(build("marketplace", RELEASES[0], tmp_path))[COMPOSE_FILE.name])["services"]
    for name in ("backend", "frontend"):
        assert not {"ports", "container_name", "networks", "environment"} & set(services[name])
        assert services[name]["image"].startswith(f"marketplace-{name}:${{VERSION")


def test_an_unchanged_artifact_is_left_alone(tmp_path):
    artifact = build("sanvi", versioned("1.0.0"), tmp_path)
    before = artifact.stat()
    build("sanvi", versioned("1.0.0"), tmp_path)
    assert (artifact.stat().st_ino, artifact.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(tmp_path.glob(".*"))
