"""Releases and files, as the hosts' scripts put them in place: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handrail.hosts.bundle import bundle
from handrail.hosts.script import Command
from handrail.model.fleet import Outcome
from handrail.runtimes.protocol import File
from tests.unit.host_folder import DIGEST_OF_NOTHING, Host

if TYPE_CHECKING:
    from handrail.hosts.script import Reply


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def artifact(folder: Path, **files: str) -> tuple[Path, str]:
    path = folder / "artifact.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            (folder / name).write_text(text)
            archive.add(folder / name, name)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def stage(host, upload: Path | str, digest: str, *, prepare: str = "", build: str = "") -> Reply:
    return host.fenced(1, "run-1", "stage", arguments=("1.0-abc", digest, upload, build, "nobody", prepare))


def test_release_is_staged_whole_and_its_upload_removed(host, tmp_path):
    host.take("run-1")
    upload, digest = artifact(tmp_path, server="hello")
    assert stage(host, upload, digest).outcome is Outcome.OK
    assert (host.root / "releases/1.0-abc/server").read_text() == "hello"
    assert (host.root / "releases/1.0-abc/.complete").read_text().strip() == digest
    assert not upload.exists()
    assert stage(host, "", digest).outcome is Outcome.UNCHANGED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_build_has_a_home_to_keep_a_cache_in_which_is_gone_afterwards(host, tmp_path):
    host.take("run-1")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    upload, digest = artifact(tmp_path, server="hello")
    build = 'mkdir "$HOME/.cache" && printf %s "$HOME" >home && id -un >who'
    assert stage(host, upload, digest, build=build).outcome is Outcome.OK
    release = host.root / "releases/1.0-abc"
    assert (release / "who").read_text() == "nobody\n"
    assert not Path((release / "home").read_text()).exists()


def test_artifact_with_another_digest_is_not_unpacked(host, tmp_path):
    host.take("run-1")
    upload, _ = artifact(tmp_path, server="hello")
    reply = stage(host, upload, DIGEST_OF_NOTHING)
    assert reply.outcome is Outcome.FAILED
    assert "digest" in reply.words
    assert host.releases() == set()
    assert not upload.exists()


def test_artifact_that_is_no_archive_leaves_nothing_half_unpacked(host, tmp_path):
    host.take("run-1")
    upload = tmp_path / "artifact.tar.gz"
    upload.write_bytes(b"not an archive")
    reply = stage(host, upload, hashlib.sha256(b"not an archive").hexdigest())
    assert reply.outcome is Outcome.FAILED
    assert "cannot unpack" in reply.words
    assert host.releases() == set()


def test_release_staged_half_by_a_dead_run_is_staged_anew(host, tmp_path):
    host.take("run-1")
    (host.root / "releases/.1.0-abc.partial").mkdir()
    (host.root / "releases/1.0-abc").mkdir()
    (host.root / "releases/1.0-abc/rest").write_text("of another time")
    upload, digest = artifact(tmp_path, server="hello")
    assert stage(host, upload, digest).outcome is Outcome.OK
    assert host.releases() == {"1.0-abc"}
    assert {path.name for path in (host.root / "releases/1.0-abc").iterdir()} == {"server", ".complete"}


def test_runtimes_prepare_a_release_before_it_is_whole_in_its_directory_and_with_its_name(host, tmp_path):
    host.take("run-1")
    upload, digest = artifact(tmp_path, server="hello")
    prepare = f"env | sed -n s/^RELEASE=//p >{tmp_path}/release; ls -A >{tmp_path}/seen; cp server image"
    assert stage(host, upload, digest, prepare=prepare).outcome is Outcome.OK
    assert (tmp_path / "release").read_text() == "1.0-abc\n"
    assert (tmp_path / "seen").read_text() == "server\n"
    assert (host.root / "releases/1.0-abc/image").read_text() == "hello"


def test_release_that_cannot_be_prepared_leaves_nothing(host, tmp_path):
    host.take("run-1")
    upload, digest = artifact(tmp_path, server="hello")
    reply = stage(host, upload, digest, prepare="echo no space for layers; false")
    assert reply.outcome is Outcome.FAILED
    assert reply.words.startswith("cannot prepare the release: no space for layers")
    assert host.releases() == set()
    assert not upload.exists()


def test_release_that_is_staged_already_is_prepared_again(host, tmp_path):
    host.take("run-1")
    upload, digest = artifact(tmp_path, server="hello")
    stage(host, upload, digest)
    assert stage(host, "", digest, prepare=f"cat server >>{tmp_path}/prepared").outcome is Outcome.UNCHANGED
    assert (tmp_path / "prepared").read_text() == "hello"


def test_staged_release_that_cannot_be_prepared_again_stays_as_it_is(host, tmp_path):
    host.take("run-1")
    upload, digest = artifact(tmp_path, server="hello")
    stage(host, upload, digest)
    reply = stage(host, "", digest, prepare="echo the registry is away; false")
    assert reply.outcome is Outcome.FAILED
    assert "the registry is away" in reply.words
    assert (host.root / "releases/1.0-abc/.complete").read_text().strip() == digest


def test_what_prepares_a_release_may_go_on_without_keeping_the_lock(host, tmp_path):
    host.take("run-1", seconds=0)
    upload, digest = artifact(tmp_path, server="hello")
    assert stage(host, upload, digest, prepare="sleep 8 >/dev/null 2>&1 &").outcome is Outcome.OK
    assert host.take("run-2").outcome is Outcome.OK


def put(host, files: list[File], after: str) -> Reply:
    return host.fenced(1, "run-1", "instances", "put_files", "ready_edge", arguments=(after,), stdin=bundle(files))


def test_files_are_put_with_their_modes_and_only_those_that_differ(host, tmp_path):
    host.take("run-1")
    files = [File(f"{tmp_path}/etc/one", "1\n"), File(f"{tmp_path}/etc/two", "it's $2\n", 0o600)]
    assert put(host, files, f"echo again >>{tmp_path}/after").outcome is Outcome.OK
    assert (tmp_path / "etc/two").read_text() == "it's $2\n"
    assert (tmp_path / "etc/two").stat().st_mode & 0o777 == 0o600
    assert put(host, files, f"echo again >>{tmp_path}/after").outcome is Outcome.UNCHANGED
    assert (tmp_path / "after").read_text() == "again\n"


def test_files_are_put_back_when_what_comes_after_fails(host, tmp_path):
    host.take("run-1")
    (tmp_path / "old").write_text("old\n")
    reply = put(
        host, [File(f"{tmp_path}/old", "new\n"), File(f"{tmp_path}/fresh", "new\n")], "echo line 3 is bad; false"
    )
    assert reply.outcome is Outcome.FAILED
    assert "line 3 is bad" in reply.words
    assert (tmp_path / "old").read_text() == "old\n"
    assert not (tmp_path / "fresh").exists()
    assert not list(tmp_path.glob("*.handrail"))
    assert {path.name for path in host.run_directory.iterdir()} == {"lock", "lease"}


def test_files_are_put_back_when_one_of_them_cannot_be_written(host, tmp_path):
    host.take("run-1")
    (tmp_path / "a").write_text("old\n")
    (tmp_path / "blocked").mkdir()
    reply = put(host, [File(f"{tmp_path}/a", "new\n"), File(f"{tmp_path}/blocked", "new\n")], f"touch {tmp_path}/after")
    assert reply.outcome is Outcome.FAILED
    assert (tmp_path / "a").read_text() == "old\n"
    assert not (tmp_path / "after").exists()


def test_files_of_a_run_that_was_killed_before_they_were_taken_in_are_put_back_and_that_is_taken_in(host, tmp_path):
    host.take("run-1")
    (tmp_path / "old").write_text("old\n")
    files = [File(f"{tmp_path}/old", "new\n"), File(f"{tmp_path}/fresh", "new\n")]
    once = f"[ -f {tmp_path}/killed ] || {{ touch {tmp_path}/killed; kill -9 $$; exit; }}"
    after = f"{once}; cat {tmp_path}/old >>{tmp_path}/taken"
    assert put(host, files, after).outcome is not Outcome.OK
    assert (tmp_path / "old").read_text() == "new\n"
    assert put(host, [File(f"{tmp_path}/other", "new\n")], "true").outcome is Outcome.OK
    assert (tmp_path / "old").read_text() == (tmp_path / "taken").read_text() == "old\n"
    assert not (tmp_path / "fresh").exists()
    assert put(host, files, after).outcome is Outcome.OK
    assert (tmp_path / "taken").read_text() == "old\nnew\n"
    assert {path.name for path in host.run_directory.iterdir()} == {"lock", "lease"}


def killed(host, tmp_path, then: str = "true") -> None:
    """Have a run killed when `old` is new and not yet taken in; to take it in is `then`, the next time."""
    host.take("run-1")
    (tmp_path / "old").write_text("old\n")
    once = f"[ -f {tmp_path}/killed ] || {{ touch {tmp_path}/killed; kill -9 $$; exit; }}"
    assert put(host, [File(f"{tmp_path}/old", "new\n")], f"{once}; {then}").outcome is not Outcome.OK
    assert (tmp_path / "old").read_text() == "new\n"


def test_files_that_were_put_back_and_cannot_be_taken_in_stop_each_run_until_they_are(host, tmp_path):
    killed(host, tmp_path, then=f"[ -f {tmp_path}/mended ] || {{ echo line 3 is bad; false; }}")
    for _ in range(2):
        reply = put(host, [File(f"{tmp_path}/other", "new\n")], "true")
        assert reply.outcome is Outcome.FAILED
        assert "line 3 is bad" in reply.words
        assert f"remove {host.run_directory}/incoming.1 to go on" in reply.words
    assert (tmp_path / "old").read_text() == "old\n"
    (tmp_path / "mended").touch()
    assert put(host, [File(f"{tmp_path}/other", "new\n")], "true").outcome is Outcome.OK
    assert {path.name for path in host.run_directory.iterdir()} == {"lock", "lease"}


def test_what_takes_old_files_in_again_does_not_read_what_the_run_sends(host, tmp_path):
    killed(host, tmp_path, then="cat >/dev/null")
    assert put(host, [File(f"{tmp_path}/other", "new\n")], "true").outcome is Outcome.OK
    assert (tmp_path / "other").read_text() == "new\n"


def test_what_an_earlier_handrail_left_is_not_put_back(host, tmp_path):
    """It did not write down what was to be done then, and later runs have put the same files."""
    host.take("run-1")
    left = host.run_directory / "incoming.0"
    (left / "old").mkdir(parents=True)
    (left / "changed").write_text(f"{tmp_path}/serves\n"[1:])
    (tmp_path / "serves").write_text("it serves\n")
    assert put(host, [File(f"{tmp_path}/other", "new\n")], "true").outcome is Outcome.OK
    assert (tmp_path / "serves").read_text() == "it serves\n"
    assert not left.exists()


def test_files_that_were_taken_in_stay_when_nobody_hears_of_it(host, tmp_path):
    host.take("run-1")
    words = (str(host.root), str(host.run_directory), "1", "run-1", "sleep 1")
    command = Command(("fenced", "instances", "put_files", "ready_edge"), words)
    bytes_of = bundle([File(f"{tmp_path}/new", "new\n")]).encode()
    with subprocess.Popen(command.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        running.stdout.close()
        running.stdin.write(bytes_of)
        running.stdin.close()
    assert (tmp_path / "new").read_text() == "new\n"
    assert not list(host.run_directory.glob("incoming.*"))


def test_old_files_that_cannot_be_put_back_are_kept(host, tmp_path):
    killed(host, tmp_path)
    (tmp_path / "old").unlink()
    (tmp_path / "old").mkdir()
    reply = put(host, [File(f"{tmp_path}/other", "new\n")], "true")
    assert reply.outcome is Outcome.FAILED
    assert f"cannot put back the files of a run that was killed, from {host.run_directory}/incoming.1" in reply.words
    (tmp_path / "old").rmdir()
    assert put(host, [File(f"{tmp_path}/other", "new\n")], "true").outcome is Outcome.OK
    assert (tmp_path / "old").read_text() == "old\n"


def test_files_that_arrive_broken_change_nothing(host, tmp_path):
    host.take("run-1")
    reply = host.fenced(1, "run-1", "instances", "put_files", "ready_edge", arguments=("true",), stdin="bm90IGEgdGFy\n")
    assert reply.outcome is Outcome.FAILED
    assert "arrived broken" in reply.words
