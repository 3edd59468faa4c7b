"""What a description may say of disks, and what that makes of the words that a host gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handrail.control.inventory import read
from handrail.errors import SystemInvalid
from handrail.hosts import disk
from handrail.hosts.script import text_of
from handrail.model import document
from handrail.model.environment import Environment

if TYPE_CHECKING:
    from handrail.model.system import System

# Without the key that the tests here write themselves.
SHOP = re.sub(r"^disk:.*?(?=^[a-z])", "", Path("inventories/sanvi.yaml").read_text(), flags=re.MULTILINE | re.DOTALL)


def described(part: str = "{}") -> System:
    return document.parse(f"{SHOP}\ndisk: {part}\n", source="sanvi.yaml", environment="prod")


@pytest.mark.parametrize(
    "pattern",
    [
        "/*.dump", "/etc/*.dump", "/usr/local/shop/*.dump", "/var/lib/docker/x/*.dump", "/proc/1/fd", "/opt/*.dump",
        "/var/log/*.log", "/srv/*.gz", "/home/*.dump", "/opt/backups/*", "/opt/backups/*.*", "/opt/backups/..",
        "/opt/*/x.dump", "backups/*.dump", "/opt/../etc/*.dump", "/opt/b/a b.dump", "/opt/b/[a-z].dump",
        "/opt/sanvi/*.dump", "/opt/sanvi/releases/*.dump", "/opt/sanvi/gate/*.dump", "/opt/sanvi/env/blue/*.env",
    ],
)  # fmt: skip
def test_a_pattern_that_could_reach_too_far_is_refused_with_its_line(pattern):
    for part in (f"{{dumps: ['{pattern}']}}", f"{{logs: ['{pattern}']}}"):
        with pytest.raises(SystemInvalid) as caught:
            described(part)
        (problem,) = caught.value.problems
        assert problem.line == SHOP.count("\n") + 2
        assert problem.key in {"disk.dumps[0]", "disk.logs[0]"}


@pytest.mark.parametrize(
    "pattern", ["/opt/backups/*.dump", "/var/log/app/*.log*", "/var/backups/shop/pg_*.sql.gz", "/opt/sanvi/logs/*.log*"]
)
def test_a_pattern_of_files_in_one_directory_is_taken(pattern):
    assert described(f"{{dumps: ['{pattern}']}}").disk.dumps == (pattern,)


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("{keep_logs: 7}", "disk.keep_logs"), ("{keep_dumps: 0d}", "disk.keep_dumps"),
        ("{keep_dumps: 1h}", "disk.keep_dumps"),
        ("{journal: 7d}", "disk.journal"), ("{pm2_logs: 0M}", "disk.pm2_logs"), ("{dump: []}", "disk.dump"),
    ],
)  # fmt: skip
def test_other_slips_are_refused_as_well(part, key):
    with pytest.raises(SystemInvalid) as caught:
        described(part)
    assert [problem.key for problem in caught.value.problems] == [key]


def environment(name: str) -> Environment:
    folder = "." if name == "sanvi" else name
    return read(Path("inventories") / folder / "lab.py").load().environment


def test_the_look_and_the_act_are_asked_with_the_same_words():
    for name, host in (("vendhub", "vendhub1"), ("inventory", "inventory2"), ("marketplace", "market1")):
        looked = disk.look(environment(name), "/run", host).arguments[2:]
        acts = disk.free_arguments(environment(name), host)
        assert tuple(word for word in acts if word != text_of("prelude", "disk_remove")) == looked
        assert len(looked) == len(acts) - 1


def test_a_host_is_asked_for_what_its_runtimes_leave_behind():
    assert disk.free_arguments(environment("vendhub"), "vendhub1")[2] == "vendhub"
    assert disk.free_arguments(environment("inventory"), "inventory2")[5:7] == (
        "yes",
        "inventory-api inventory-frontend",
    )
    assert disk.free_arguments(environment("inventory"), "inventorydb")[5:7] == ("", "")
    assert disk.free_arguments(environment("marketplace"), "market1")[5] == "yes"


def test_what_the_description_says_of_a_disk_is_what_its_hosts_are_told():
    part = "{keep_logs: 2d, keep_dumps: 30d, logs: [/srv/a/*.log], dumps: [/srv/b/*.dump], journal: 1G, pm2_logs: 2M}"
    told = disk.free_arguments(Environment("prod", described(part), environment("sanvi").groups), "db")
    assert told[:8] == ("2880", "43200", "", str(2 << 20), str(1 << 30), "", "", "20160")
    assert told[9:] == ("log", "/srv/a", "*.log", "dump", "/srv/b", "*.dump", *disk.UPLOADS)


def test_rotated_logs_of_vendhub_stay_for_the_14_days_of_its_runbook():
    told = disk.free_arguments(environment("vendhub"), "vendhub1")
    assert (told[0], told[7]) == (str(7 * 24 * 60), str(14 * 24 * 60))


def test_whoever_keeps_logs_for_longer_than_the_rotation_keeps_rotated_ones_as_long():
    told = disk.free_arguments(Environment("prod", described("{keep_logs: 60d}"), environment("sanvi").groups), "db")
    assert (told[0], told[7]) == (str(60 * 24 * 60), str(60 * 24 * 60))
