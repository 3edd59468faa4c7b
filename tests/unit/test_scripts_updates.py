"""Updates on a host: what is installed and left alone, who is out of traffic, what npm and pip are asked."""

from __future__ import annotations

import os
import subprocess

import pytest

from handrail.hosts.script import text_of
from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host, answering

APT = """#!/bin/sh
echo "$*" >>{folder}/asked
case " $* " in
*" update "*) cat {folder}/update; [ ! -s {folder}/update ] ;;
*" -s "*) cat {folder}/simulated ;;
*) cat {folder}/install; [ ! -s {folder}/install ] ;;
esac
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host whose apt says what is in files, and notes what it is asked; nothing is half installed on it."""
    made, shims = Host(tmp_path), tmp_path / "shims"
    made.take("run-1")
    shims.mkdir()
    texts = {"apt-get": APT.format(folder=tmp_path), "dpkg-query": f"#!/bin/sh\ncat {tmp_path}/packages\n"}
    texts["apt-mark"] = f'#!/bin/sh\necho apt-mark $* >>{tmp_path}/asked\n[ "$1" = auto ] || echo libfoo\n'
    texts |= {"systemctl": f"#!/bin/sh\necho systemctl $* >>{tmp_path}/asked\n", "sleep": "#!/bin/sh\n"}
    for name, text in texts.items():
        (shims / name).write_text(text)
        (shims / name).chmod(0o755)
    for name in ("update", "simulated", "install", "asked", "packages"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("PATH", f"{shims}:{os.environ['PATH']}")
    return made


INST = "Inst foo [1] (2 Debian-Security:12/stable-security [all])\n"


def ask(host):
    return host.fenced(1, "run-1", "others", "updates", "updates_ask", arguments=("dbus*.service",))


def upgrade(host, *packages, leave="", seconds=20):
    return host.fenced(1, "run-1", "others", "updates", "upgrade", arguments=(leave, seconds, *packages))


def out(host, way, address="10.0.0.1"):
    return host.fenced(1, "run-1", "out", arguments=(way, address))


def test_the_sources_are_asked_and_what_apt_would_install_is_told(host, tmp_path):
    (tmp_path / "simulated").write_text(f"Reading package lists...\n{INST}Conf foo (2)\n")
    reply = ask(host)
    assert (reply.outcome, reply.block("packages")) == (Outcome.OK, INST.strip())
    assert "Error-Mode=any" in (tmp_path / "asked").read_text()


def test_a_source_that_does_not_answer_is_a_failure(host, tmp_path):
    (tmp_path / "update").write_text("Err:1 http://a\nE: Failed to fetch http://a  Could not resolve\n")
    reply = ask(host)
    assert (reply.outcome, "the sources cannot be asked: E: Failed to fetch" in reply.words) == (Outcome.FAILED, True)
    assert "-s" not in (tmp_path / "asked").read_text().split()


@pytest.mark.parametrize("status", ["iF ", "iU ", "iHR", "iW ", "it "])
def test_a_package_that_is_half_installed_is_named_and_nothing_is_asked(host, tmp_path, status):
    (tmp_path / "packages").write_text(f"ii |good\nrc |gone\nhi |held\n{status}|bar:amd64\n")
    reply = ask(host)
    assert (reply.outcome, reply.words) == (
        Outcome.FAILED, "half installed: bar:amd64; mend it there with dpkg --configure -a",
    )  # fmt: skip
    assert (tmp_path / "asked").read_text() == ""


def test_exactly_what_was_seen_is_installed_and_what_was_changed_here_stays(host, tmp_path):
    reply = upgrade(host, "foo=2", "libc6:i386=2.36-9")
    assert (reply.outcome, reply.words.startswith("2 updated")) == (Outcome.OK, True)
    (line,) = [line for line in (tmp_path / "asked").read_text().splitlines() if "install" in line]
    assert line.endswith("install foo=2 libc6:i386=2.36-9")
    for option in ("-y", "--only-upgrade", "--no-remove", "DPkg::Lock::Timeout=60", "Dpkg::Options::=--force-confold"):
        assert option in line


@pytest.mark.parametrize("said", ["", "E: no\n"])
def test_what_came_along_with_another_package_is_not_installed_by_hand_afterwards(host, tmp_path, said):
    (tmp_path / "install").write_text(said)
    upgrade(host, "foo=2", "libfoo=2:1")
    marks = [line for line in (tmp_path / "asked").read_text().splitlines() if line.startswith("apt-mark")]
    assert marks == ["apt-mark showauto foo libfoo", "apt-mark auto libfoo"]


def test_an_update_that_fails_says_why_and_what_is_half_installed(host, tmp_path):
    (tmp_path / "install").write_text("Setting up foo\ndpkg: error processing package foo\nE: Sub-process failed\n")
    (tmp_path / "packages").write_text("iF |foo\n")
    reply = upgrade(host, "foo=2")
    assert (reply.outcome, reply.block("log").splitlines()[-1]) == (Outcome.FAILED, "E: Sub-process failed")
    assert "dpkg: error processing package foo; packages that are half installed: foo" in reply.words


def test_an_older_run_installs_nothing(host, tmp_path):
    host.take("run-2", want=5, seconds=0)
    (host.run_directory / "lease").unlink()
    host.take("run-3", want=9)
    assert upgrade(host, "foo=2").outcome is Outcome.REFUSED
    assert "install" not in (tmp_path / "asked").read_text()


def test_a_host_goes_out_of_traffic_and_comes_back(host):
    assert out(host, "out").outcome is Outcome.OK
    assert [path.name for path in (host.root / "gate/out").iterdir()] == ["10.0.0.1"]
    assert "out 10.0.0.1" in host.take("run-1").lines
    assert out(host, "in").outcome is Outcome.OK
    assert list((host.root / "gate/out").iterdir()) == []


def test_a_late_word_to_take_a_host_out_is_refused_after_it_was_put_back(host):
    out(host, "in")
    assert out(host, "out").outcome is Outcome.FAILED
    assert not (host.root / "gate/out").exists()
    assert out(host, "out", "10.0.0.2").outcome is Outcome.OK


def audit(folder, **programs):
    shims = folder / "audit-shims"
    shims.mkdir(exist_ok=True)
    for name, text in programs.items():
        (shims / name.replace("_", "-")).write_text(f"#!/bin/sh\n{text}\n")
        (shims / name.replace("_", "-")).chmod(0o755)
    path = f"{shims}:/usr/bin:/bin"
    done = subprocess.run(
        ["sh", "-c", text_of("audit"), "handrail", "api", "2"],
        cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return done.stdout


def test_a_service_without_dependencies_says_so(tmp_path):
    assert audit(tmp_path) == "audit api none dependencies\n"


def test_npm_is_asked_where_there_is_a_lock_file(tmp_path):
    (tmp_path / "package-lock.json").write_text("{}")
    said = audit(tmp_path, npm='echo "$*"; exit 1')
    assert (
        said == "audit api 1 npm audit\nsaid api npm audit begin\naudit --json --omit=dev\n\nsaid api npm audit end\n"
    )


def test_an_npm_that_hangs_is_ended(tmp_path):
    (tmp_path / "package-lock.json").write_text("{}")
    assert "audit api 124 npm audit\nsaid api npm audit begin\nno answer within 2 s\n" in audit(
        tmp_path, npm="exec sleep 60"
    )


def test_pip_is_asked_where_there_is_a_virtual_environment_and_a_missing_pip_audit_is_told(tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / ".venv/bin/python").chmod(0o755)
    said = audit(tmp_path)
    assert said.startswith("audit api 0 pip check\nsaid api pip check begin\n-m pip check\n")
    assert said.endswith("audit api missing pip-audit\n")
    (tmp_path / ".venv/bin/pip-audit").write_text("#!/bin/sh\necho '{}'; exit 1\n")
    (tmp_path / ".venv/bin/pip-audit").chmod(0o755)
    assert "audit api 1 pip-audit\nsaid api pip-audit begin\n{}\n" in audit(tmp_path)


@pytest.mark.parametrize(
    ("statuses", "outcome"), [((200, 200), Outcome.OK), ((200, 500), Outcome.FAILED), (((500, 200), 200), Outcome.OK)]
)
def test_every_instance_must_be_healthy_and_a_wrong_answer_is_asked_for_again(host, statuses, outcome):
    with answering(*statuses) as port:
        words = [word for n in range(len(statuses)) for word in (f"api.{n}", port + n, "/health", 200, 2, 2)]
        reply = host.fenced(1, "run-1", "well", arguments=tuple(words))
    assert reply.outcome is outcome
    assert outcome is Outcome.OK or "api.1 is not healthy: it answers 500, wanted 200" in reply.words
