"""The scripts for hosts are POSIX shell that shellcheck has nothing against."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from handrail.hosts.script import text_of

# SC2034, SC2154: variables that another script of the same command sets or reads.
# SC2015: `a && b || end failed`: `end` leaves, so nothing runs twice.
# SC2317: functions of the prelude that this command does not use.
# SC2174: mode 700 is for the deepest directory, as meant.
EXCLUDED = "SC2034,SC2154,SC2015,SC2317,SC2174"
# As orchestration/commands/ puts them together.
COMMANDS = [
    ("prelude", "lease_take", "survey", "end"),
    ("prelude", "fenced", "lease_renew"),
    ("prelude", "fenced", "stage"),
    ("prelude", "fenced", "instances", "put_files", "ready_slot"),
    ("prelude", "fenced", "instances", "put_files", "ready_edge"),
    ("prelude", "fenced", "put_files", "ready_instances"),
    ("prelude", "fenced", "put_files", "ready_unit"),
    ("prelude", "fenced", "instances", "spread"),
    ("prelude", "steady"),
    ("prelude", "fenced", "start"),
    ("prelude", "fenced", "stop"),
    ("prelude", "fenced", "run_once"),
    ("prelude", "fenced", "start_edge"),
    ("prelude", "fenced", "gate", "gate_do"),
    ("prelude", "gate", "gate_revert"),
    ("prelude", "fenced", "answers", "datastore"),
    ("prelude", "disk", "disk_look"),
    ("prelude", "fenced", "disk", "disk_free"),
    ("prelude", "disk_remove"),
    ("prelude", "fenced", "logrotate"),
    ("prelude", "fenced", "dump", "backup_take"),
    ("prelude", "fenced", "dump", "backup_end"),
    ("prelude", "backup_list"),
    ("prelude", "fenced", "finish"),
    ("prelude", "fenced", "tls", "placeholder"),
    ("prelude", "fenced", "tls", "certificate_put"),
    ("prelude", "fenced", "tls", "certificate_swap"),
    ("prelude", "fenced", "tls", "certificate_prove"),
    ("prelude", "fenced", "acme"),
    ("prelude", "certificates"),
    ("prelude", "fenced", "others", "updates", "updates_ask"),
    ("prelude", "fenced", "others", "updates", "upgrade"),
    ("prelude", "updates", "updates_look"),
    ("prelude", "fenced", "at_rest"),
    ("prelude", "fenced", "well"),
    ("audit",),
    ("prelude", "fenced", "out"),
    ("prelude", "fenced", "others", "boot", "reboot"),
    ("prelude", "boot", "booted"),
    ("prelude", "answers", "ask"),
    ("prelude", "answers", "vitals"),
    ("prelude", "restarts"),
    ("prelude", "variables"),
    ("prelude", "verify"),
    ("prelude", "bake"),
    ("prelude", "drain"),
    ("prelude", "history"),
    ("prelude", "survey", "end"),
]


@pytest.mark.parametrize("names", COMMANDS, ids="+".join)
def test_script_is_valid_for_every_posix_shell(names):
    done = subprocess.run(["sh", "-n"], input=text_of(*names), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs Debian's package shellcheck")
@pytest.mark.parametrize("names", COMMANDS, ids="+".join)
def test_shellcheck_has_nothing_against_it(names):
    line = ["shellcheck", "--shell=dash", f"--exclude={EXCLUDED}", "-"]
    done = subprocess.run(line, input=text_of(*names), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
