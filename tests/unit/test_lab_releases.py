"""The lab's releases: the same bytes every time, and bad in the way that is promised."""

from __future__ import annotations

import hashlib
import json
import tarfile

import pytest

from lab.releases import RELEASES, build, build_all


def versioned(version):
    return next(release for release in RELEASES if release.behaviour.version == version)


def digest_beside(artifact):
    digest, name = artifact.with_name(f"{artifact.name}.sha256").read_text().split()
    assert name == artifact.name
    return digest


def test_two_builds_have_the_same_bytes(tmp_path):
    first = build_all(tmp_path / "first")
    second = build_all(tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_artifacts_are_named_by_their_version(tmp_path):
    names = [path.name for path in build_all(tmp_path)]
    assert names == [f"sanvi-1.{minor}.0.tar.gz" for minor in range(7)]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.behaviour.version)
def test_the_digest_is_right_unless_the_release_is_corrupt(release, tmp_path):
    artifact = build(release, tmp_path)
    matches = hashlib.sha256(artifact.read_bytes()).hexdigest() == digest_beside(artifact)
    assert matches is (release.behaviour.version != "1.4.0")


def test_the_corrupt_release_differs_by_one_byte_from_what_its_digest_promises(tmp_path):
    artifact = build(versioned("1.4.0"), tmp_path)
    content = bytearray(artifact.read_bytes())
    content[len(content) // 2] ^= 0xFF
    assert hashlib.sha256(content).hexdigest() == digest_beside(artifact)


def test_an_artifact_holds_both_services_and_belongs_to_root(tmp_path):
    with tarfile.open(build(versioned("1.0.0"), tmp_path)) as tar:
        entries = tar.getmembers()
    names = [entry.name for entry in entries]
    assert names == sorted(names)
    assert {"release.json", "backend/server.js", "backend/migrate.js", "frontend/server.js"} <= set(names)
    assert {(entry.uid, entry.gid, entry.mtime) for entry in entries} == {(0, 0, 0)}


@pytest.mark.parametrize(("version", "migrations"), [("1.0.0", 1), ("1.1.0", 2), ("1.5.0", 2)])
def test_a_release_has_the_migrations_that_it_knows(version, migrations, tmp_path):
    with tarfile.open(build(versioned(version), tmp_path)) as tar:
        names = [name for name in tar.getnames() if name.startswith("backend/migrations/")]
    assert [name.split("/")[-1][:3] for name in names] == [f"{number:03}" for number in range(1, migrations + 1)]


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("1.2.0", {"unhealthy_on": ["web2"]}),
        ("1.3.0", {"fail_behind_edge": True}),
        ("1.5.0", {"unhealthy_on": [], "fail_behind_edge": False, "crash_after_seconds": None}),
        ("1.6.0", {"start_delay_seconds": 5}),
    ],
)
def test_a_release_says_how_it_behaves(version, told, tmp_path):
    with tarfile.open(build(versioned(version), tmp_path)) as tar:
        behaviour = json.loads(tar.extractfile("release.json").read())
    assert behaviour["version"] == version
    assert told.items() <= behaviour.items()


def test_an_unchanged_artifact_is_left_alone(tmp_path):
    artifact = build(versioned("1.0.0"), tmp_path)
    before = artifact.stat()
    build(versioned("1.0.0"), tmp_path)
    assert (artifact.stat().st_ino, artifact.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not list(tmp_path.glob(".*"))
