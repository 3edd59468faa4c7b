"""systemd as a runtime: unit text, environment files, commands and states."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handrail.model.document import parse
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES, systemd
from handrail.runtimes.protocol import Instance
from handrail.runtimes.systemd import Systemd
from tests.unit.pm2.stand_in import put

SANVI = Path("inventories/sanvi.yaml")


@pytest.fixture
def backend():
    system = parse(SANVI.read_text(), source=str(SANVI), environment="lab")
    return Instance(system.name, system.root, system.services["backend"], Slot.GREEN)


def test_table_names_the_runtime():
    assert isinstance(RUNTIMES["systemd"], Systemd)


def test_unit_runs_the_command_in_the_release_of_its_slot(backend):
    (unit,) = Systemd().files(backend)
    assert unit.path == "/etc/systemd/system/sanvi-backend@green.service"
    assert "WorkingDirectory=/opt/sanvi/slots/%i/backend\n" in unit.text
    assert "EnvironmentFile=/opt/sanvi/env/%i/backend.env\n" in unit.text
    assert 'ExecStart="node" "--max-old-space-size=96" "server.js"\n' in unit.text
    assert "User=sanvi\n" in unit.text


def test_another_instance_has_a_unit_and_variables_of_its_own_in_the_same_release(backend):
    second = replace(backend, number=2)
    (unit,) = Systemd().files(second)
    assert unit.path == "/etc/systemd/system/sanvi-backend.2@green.service"
    assert "EnvironmentFile=/opt/sanvi/env/%i/backend.2.env\n" in unit.text
    assert "WorkingDirectory=/opt/sanvi/slots/%i/backend\n" in unit.text
    assert Systemd().environment(second, {}).path == "/opt/sanvi/env/green/backend.2.env"
    assert Systemd().pid(second)[-1] == "sanvi-backend.2@green.service"


def test_memory_is_limited_only_where_the_description_says_so(backend):
    assert "MemoryMax=512M\n" in Systemd().files(backend)[0].text
    endless = replace(backend, service=backend.service.model_copy(update={"memory": None}))
    assert "MemoryMax" not in Systemd().files(endless)[0].text


def test_words_of_the_command_mean_nothing_to_systemd(backend):
    service = backend.service.model_copy(update={"command": ("echo", '100% "sure" $HOME \\n')})
    (unit,) = Systemd().files(Instance("sanvi", "/opt/sanvi", service, Slot.BLUE))
    assert 'ExecStart="echo" "100%% \\"sure\\" $$HOME \\\\n"\n' in unit.text


def test_environment_file_is_for_root_alone_and_escapes_what_systemd_reads(backend):
    file = Systemd().environment(backend, {"A": 'x"y$z`\\', "B": "two\nlines"})
    assert (file.path, file.mode) == ("/opt/sanvi/env/green/backend.env", 0o600)
    assert file.text == 'A="x\\"y\\$z\\`\\\\"\nB="two\nlines"\n'


def test_both_slots_are_stopped_at_once_and_one_that_never_was_is_no_error(backend):
    (argv,) = Systemd().stop([backend])
    assert argv[-1] == "sanvi-backend@green.service"
    assert "[ $? = 5 ]" in argv[2]


@pytest.mark.parametrize(
    ("state", "counts", "code"),
    [
        ("active", (0, 0), 1),
        ("activating", (0, 2), 1),
        ("deactivating", (0, 0), 1),
        ("activating", (0, 3), 0),
        ("active", (500, 502), 1),
        ("activating", (500, 503), 0),
        ("failed", (0, 0), 0),
        ("inactive", (0, 0), 0),
    ],
)
def test_died_when_stopped_given_up_or_restarted_again_and_again(backend, tmp_path, state, counts, code):
    before, restarts = counts
    shim = tmp_path / "systemctl"
    shim.write_text(f"#!/bin/sh\n[ $1 = is-active ] && echo {state} || echo {restarts}\n")
    shim.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "RESTARTS": str(before)}
    done = subprocess.run(Systemd().died(backend), env=environment, check=False)
    assert done.returncode == code


def test_migration_runs_as_the_service_would(backend):
    argv = Systemd().run_once(backend, ("node", "migrate.js"), timedelta(minutes=5))
    assert "--uid=sanvi" in argv
    assert "--property=EnvironmentFile=/opt/sanvi/env/green/backend.env" in argv
    assert "--property=RuntimeMaxSec=300" in argv
    assert argv[-3:] == ("--", "node", "migrate.js")


def test_states_are_read_by_unit_and_one_that_systemd_does_not_know_is_left_out(backend):
    blue = Instance(backend.system, backend.root, backend.service, Slot.BLUE)
    second = Instance(backend.system, backend.root, backend.service, Slot.GREEN, 2)
    output = (
        "NRestarts=2\nId=sanvi-backend@green.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\n\n"
        "NRestarts=0\nId=sanvi-backend@blue.service\nActiveState=inactive\nSubState=dead\n\n"
        "NRestarts=0\nId=sanvi-backend.2@green.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    )
    states = Systemd().states(output, [blue, backend, second])
    assert set(states) == {("backend", Slot.GREEN, 1), ("backend", Slot.BLUE, 1)}
    green = states["backend", Slot.GREEN, 1]
    assert (green.running, green.restarts, green.enabled) == (True, 2, True)
    assert not states["backend", Slot.BLUE, 1].running


@pytest.mark.parametrize(("answer", "stopped"), [("exit 0", "inactive (dead)"), ("exit 1", "unknown (dead)")])
def test_systemd_is_asked_for_what_it_has_and_other_units_are_stopped_where_they_have_a_file(
    backend, tmp_path, monkeypatch, answer, stopped
):
    monkeypatch.setattr(systemd, "FOLDER", str(tmp_path))
    runs = "NRestarts=2\nId=sanvi-backend@green.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
    put(
        tmp_path,
        "systemctl",
        f'#!/bin/sh\nfor last; do :; done\n[ "$last" = "sanvi-*" ] && echo "{runs}"\n{answer}\n',
        0o755,
    )
    blue = replace(backend, slot=Slot.BLUE)
    for one in (blue, backend):
        (tmp_path / f"sanvi-backend@{one.slot}.service").touch()
    asked = Systemd().status([blue, backend, replace(blue, number=2)])
    done = subprocess.run(asked, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    states = Systemd().states(done.stdout, [blue, backend, replace(blue, number=2)])
    assert {place: state.state for place, state in states.items()} == {
        ("backend", Slot.GREEN, 1): "active (running)", ("backend", Slot.BLUE, 1): stopped,
    }  # fmt: skip
    assert states["backend", Slot.GREEN, 1].enabled


@pytest.mark.parametrize(
    ("since", "words"), [("2h", ("--since", "-2h")), ("2026-01-31T22:00", ("--since", "2026-01-31 22:00")), ("", ())]
)
def test_log_is_read_since_an_age_or_a_date(backend, since, words):
    argv = Systemd().read_log([backend], since=since, lines=5, follow=False)
    assert argv[:3] == ("env", "TZ=UTC", "journalctl")
    assert argv[5 : 5 + len(words)] == words
    assert "short-unix" in argv


def test_a_migration_gets_its_command_as_it_was_written(backend):
    command = ("sh", "-c", "PGPASSWORD=${DB_PASSWORD} psql -f $1")
    words = Systemd().run_once(backend, command, timedelta(minutes=1))
    assert words[words.index("--") + 1 :] == ("sh", "-c", "PGPASSWORD=$${DB_PASSWORD} psql -f $$1")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("./server", "/opt/sanvi/slots/green/backend/server"),
        (".venv/bin/gunicorn", "/opt/sanvi/slots/green/backend/.venv/bin/gunicorn"),
        ("node", "node"),
        ("/usr/bin/node", "/usr/bin/node"),
    ],
)
def test_a_program_inside_the_release_is_found_there(backend, written, found):
    service = backend.service.model_copy(update={"command": (written, "./a")})
    one = replace(backend, service=service)
    assert f'ExecStart="{found}" "./a"\n' in Systemd().files(one)[0].text
    assert Systemd().run_once(one, (written, "./a"), timedelta(minutes=1))[-2:] == (found, "./a")


def test_what_is_stopped_for_good_does_not_come_back_at_boot(backend, tmp_path):
    said = tmp_path / "said"
    script = f'#!/bin/sh\necho "$@" >>{said}\ncase $* in *backend.2*) exit 1 ;; esac\n'
    put(tmp_path, "systemctl", script, 0o755)
    (argv,) = Systemd().stay_down([replace(backend, number=2), backend])
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(argv, env=environment, check=False, timeout=30).returncode == 0
    assert said.read_text().splitlines()[-1] == "disable -q sanvi-backend@green.service"
