"""What apt, npm and pip say, and what is made of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from handrail.errors import BadInput
from handrail.hosts.script import Reply
from handrail.hosts.updates import arguments_of, understood
from handrail.model.check import Checks
from handrail.model.dependency import judged
from handrail.model.fleet import Outcome
from handrail.model.level import Level, worst
from handrail.model.package import Package, read_packages, to_apply
from handrail.model.schedule import Task
from handrail.model.threshold import Thresholds
from handrail.model.updates import Updates

# As apt 2.6 on Debian 12 and apt 2.4 on Ubuntu 22.04 print it: between others, with and without what is installed.
SAID = """\
NOTE: This is only a simulation!
Reading package lists... Done
The following packages have been kept back:
  linux-image-generic
Inst base-files [12.4+deb12u2] (12.4+deb12u5 Debian:12.5/stable [amd64]) []
Inst libc6:i386 [2.36-9+deb12u3] (2.36-9+deb12u4 Debian:12.5/stable, Debian-Security:12/stable-security [i386]) [libc6 ]
Inst libc6 [2.36-9+deb12u3] (2.36-9+deb12u4 Debian:12.5/stable, Debian-Security:12/stable-security [amd64])
Inst linux-image-6.1.0-18-amd64 (6.1.76-1 Debian-Security:12/stable-security [amd64])
Inst linux-image-amd64 [6.1.69-1] (6.1.76-1 Debian-Security:12/stable-security [amd64])
Inst openssl [3.0.2-0ubuntu1.12] (3.0.2-0ubuntu1.15 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
Inst code [1.85.1-1702462158] (1.86.0-1706698035 code stable:stable [amd64])
Inst local-tool [1.0] (1.1  [all])
Inst postgresql-15 [15.5-0+deb12u1] (15.6-0+deb12u1 Debian:12.5/stable [amd64]) [postgresql-client-15:amd64 ] []
Conf base-files (12.4+deb12u5 Debian:12.5/stable [amd64])
Remv something [1.0]
"""
PACKAGES = read_packages(SAID.splitlines())


def test_packages_are_read_whatever_apt_puts_around_them():
    assert [(each.name, each.current, each.version, each.security) for each in PACKAGES] == [
        ("base-files", "12.4+deb12u2", "12.4+deb12u5", False),
        ("libc6:i386", "2.36-9+deb12u3", "2.36-9+deb12u4", True),
        ("libc6", "2.36-9+deb12u3", "2.36-9+deb12u4", True),
        ("linux-image-6.1.0-18-amd64", "", "6.1.76-1", True),
        ("linux-image-amd64", "6.1.69-1", "6.1.76-1", True),
        ("openssl", "3.0.2-0ubuntu1.12", "3.0.2-0ubuntu1.15", True),
        ("code", "1.85.1-1702462158", "1.86.0-1706698035", False),
        ("local-tool", "1.0", "1.1", False),
        ("postgresql-15", "15.5-0+deb12u1", "15.6-0+deb12u1", False),
    ]
    assert PACKAGES[6].origin == "code stable:stable"
    assert PACKAGES[7].origin == ""


@pytest.mark.parametrize("line", ["Inst", "Inst foo", "Inst foo [1.0] 1.1", "Inst foo [1.0] ()", "Installed foo"])
def test_a_line_that_cannot_be_read_is_no_update_that_is_not_there(line):
    with pytest.raises(BadInput, match="nobody understands"):
        read_packages([line])


def test_what_is_for_security_is_chosen_unless_all_are_asked_for_and_new_packages_come_along():
    names = [each.name for each in to_apply(PACKAGES, every=False)]
    assert names == ["libc6:i386", "libc6", "linux-image-amd64", "openssl"]
    assert len(to_apply(PACKAGES, every=True)) == len(PACKAGES) - 1
    assert arguments_of(PACKAGES[1:2]) == ("libc6:i386=2.36-9+deb12u4",)


def test_any_source_that_calls_itself_so_is_for_security():
    assert Package("a", "1", "2", "Acme-Security:1/stable").security
    assert not Package("a", "1", "2", "Debian:12.5/stable").security


def reply(*lines, outcome=Outcome.OK, words="asked"):
    return Reply(outcome, words, tuple(lines))


def findings(*lines, **more):
    seen = understood(reply(*lines, **more), "web1")
    return seen, {(one.what, one.level): one.text for one in seen.findings(Thresholds())}


PLAIN = ["packages begin", "Inst tzdata [1] (2 Debian:12.5/stable [all])", "packages end"]
GRAVE = ["packages begin", "Inst libssl3 [1] (2 Debian-Security:12/stable-security [amd64])", "packages end"]
NONE = ["packages begin", "packages end"]


@pytest.mark.parametrize(
    ("lines", "level"), [(NONE, Level.OK), (PLAIN, Level.WARN), (GRAVE, Level.ALERT)], ids=["none", "plain", "security"]
)
def test_no_update_is_ok_some_are_a_warn_and_one_for_security_is_an_alert(lines, level):
    seen, found = findings(*lines, "lists 3600")
    assert worst(each for _, each in found) is level
    assert ("lists", Level.OK) in found
    assert json.loads(json.dumps(seen.json()))["lists_age_seconds"] == 3600


def test_what_a_host_asks_for_after_an_update_is_a_warn_and_half_installed_packages_are_an_alert():
    lines = ["reboot required", "stale nginx.service", "stale ssh.service", "broken foo"]
    _, found = findings(*NONE, "lists 60", *lines)
    assert ("reboot", Level.WARN) in found
    assert found["restart", Level.WARN].endswith("nginx.service, ssh.service")
    assert found["packages", Level.ALERT] == "half installed: foo"


@pytest.mark.parametrize(
    ("age", "level"),
    [("lists 600000", Level.OK), ("lists 700000", Level.WARN), ("lists 2700000", Level.ALERT), ("", Level.WARN)],
)
def test_old_lists_say_little_about_what_there_is(age, level):
    _, found = findings(*NONE, *[age] * bool(age))
    assert ("lists", level) in found


def test_a_host_or_an_apt_that_does_not_answer_is_never_ok():
    _, found = findings(outcome=Outcome.UNKNOWN, words="cannot be reached: timed out")
    assert found == {("packages", Level.WARN): "cannot be asked: cannot be reached: timed out"}
    _, found = findings("problem E: The package cache file is corrupted", *NONE)
    assert found["packages", Level.WARN] == "cannot be asked: E: The package cache file is corrupted"
    assert ("packages", Level.OK) not in found
    _, found = findings("packages begin", "Inst what?", "packages end", "lists 3")
    assert "nobody understands" in found["packages", Level.WARN]


def test_many_packages_are_counted_and_a_few_named_those_for_security_first():
    seen = Updates("web1", PACKAGES, timedelta(hours=1))
    assert seen.words.startswith("9 updates, 5 for security: libc6:i386 2.36-9+deb12u3 -> 2.36-9+deb12u4, libc6 ")
    assert seen.words.endswith(" and 5 more")
    assert Package("a", "1", "2").change == "a 1 -> 2"


def npm(**counts):
    return json.dumps({"auditReportVersion": 2, "metadata": {"vulnerabilities": counts, "dependencies": {"prod": 3}}})


GOOD_PIP = json.dumps({"dependencies": [{"name": "flask", "version": "3.0", "vulns": []}], "fixes": []})
BAD_PIP = json.dumps(
    {"dependencies": [{"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.3"]}]}]}
)
OFFLINE = json.dumps({"error": {"code": "ENOTFOUND", "summary": "request to the registry failed,\n reason: not found"}})


@pytest.mark.parametrize(
    ("kind", "code", "output", "level", "words"),
    [
        ("npm audit", "0", npm(info=0, low=0, moderate=0, high=0, critical=0), Level.OK, "no vulnerability is known"),
        ("npm audit", "1", npm(low=2, high=1), Level.WARN, "1 high, 2 low"),
        ("npm audit", "1", npm(moderate=1, critical=2), Level.ALERT, "2 critical, 1 moderate"),
        ("npm audit", "1", OFFLINE, Level.WARN, "cannot be asked: request to the registry failed, reason: not found"),
        ("npm audit", "1", '{"error": {"code": "EAUDITNOLOCK"}}', Level.WARN, "cannot be asked: EAUDITNOLOCK"),
        ("npm audit", "1", "{}", Level.WARN, "cannot be asked"),
        ("npm audit", "1", '{"error": "no"}', Level.WARN, "cannot be asked"),
        ("npm audit", "124", "no answer within 40 s\n", Level.WARN, "cannot be asked: no answer within 40 s"),
        ("npm audit", "1", "", Level.WARN, "cannot be asked: exit code 1 and no answer"),
        ("npm audit", "missing", "", Level.WARN, "cannot be asked: npm is not there"),
        ("pip check", "0", "No broken requirements found.\n", Level.OK, "every requirement is met"),
        ("pip check", "1", "flask 3.0 requires jinja2, which is not installed.\n", Level.WARN, "requires jinja2"),
        ("pip check", "1", "a 1 has requirement b>2, but you have b 1.\n", Level.WARN, "has requirement b>2"),
        ("pip check", "1", "No module named pip\n", Level.WARN, "cannot be asked: No module named pip"),
        ("pip-audit", "0", f"No known vulnerabilities found\n{GOOD_PIP}", Level.OK, "no vulnerability is known"),
        ("pip-audit", "1", BAD_PIP, Level.ALERT, "jinja2 3.1.2 PYSEC-1"),
        ("pip-audit", "1", "ConnectionError: no route\n", Level.WARN, "cannot be asked: ConnectionError: no route"),
        ("pip-audit", "missing", "", Level.WARN, "cannot be asked: pip-audit is not there"),
        ("dependencies", "none", "", Level.OK, "no package-lock.json and no virtual environment"),
    ],
)
def test_what_npm_and_pip_say_of_a_service(kind, code, output, level, words):
    found = judged("api", kind, code, output)
    assert (found.level, words in found.text) == (level, True), found


def test_audits_are_read_from_the_answer_of_a_host():
    lines = ["audit api 1 npm audit", "said api npm audit begin", npm(critical=1), "said api npm audit end", *NONE]
    seen, found = findings(*lines, "audit jobs none dependencies", "lists 60")
    assert found["api", Level.ALERT] == "npm audit: vulnerabilities: 1 critical"
    assert seen.audits[1].service == "jobs"


def test_a_schedule_may_check_updates():
    described = {"when": "weekly Mon 10:00", "owner": "Security", "check": ["updates"]}
    assert Task.model_validate(described).check == ("updates",)
    assert Checks().named("updates") == ("updates",)


@pytest.mark.parametrize(
    ("lines", "reboot", "due"),
    [
        (GRAVE, False, True),
        (PLAIN, False, False),
        ([*NONE, "stale dbus.service"], True, False),
        ([*NONE, "stale mine.service", "again mine.service"], False, True),
        ([*NONE, "reboot required"], True, True),
        ([*NONE, "reboot required"], False, False),
    ],
)
def test_a_host_is_due_for_what_is_asked_and_for_what_a_failed_turn_has_left(lines, reboot, due):
    seen, _ = findings(*lines, "lists 60")
    assert seen.is_due(every=False, reboot=reboot) is due
    assert ("to be started again: mine.service" in seen.words) is any("again" in line for line in lines)
