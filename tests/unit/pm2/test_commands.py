"""PM2 as a runtime: commands and texts as data, and what they do on a host."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from datetime import timedelta

import pytest

from handrail.hosts.script import Command, shell_line
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.pm2 import SYNC, Pm2
from handrail.runtimes.protocol import Instance
from tests.unit.pm2.stand_in import needs_node, plain, put, run

NASTY = {
    "QUOTES": 'it\'s "quoted" `id` $HOME $$ \\n; exit 1',
    "LINES": "-----BEGIN KEY-----\nexport PATH=/nowhere\n\n",
    "UNICODE": "привет \u2028 \u0081\u0088 😀",
    "CONTROL": "\t\r\x01\x1b[0m\x7f",
    "EMPTY": "",
    "SPACES": "  both ends  ",
    "STAR": "* ~ #no comment",
    "DASH": "-n",
    "OBJECT": "[object Object]",
}
# As PM2 7.0.4 printed it, through pm2_ask.js, while one process was in a crash loop and another stopped.
LIST = "vendhub-api-blue\twaiting restart\t3\t4615\ttrue\nvendhub-api-green\tstopped\t0\t0\tfalse\n"


def test_table_names_the_runtime():
    assert isinstance(RUNTIMES["pm2"], Pm2)


def test_process_is_described_as_the_service_is(blue):
    *_, file = Pm2().files(blue)
    described = json.loads(file.text)
    assert (file.path, described["name"]) == ("/opt/vendhub/pm2/vendhub-api-blue.json", "vendhub-api-blue")
    assert (described["script"], described["interpreter"]) == ("/bin/sh", "none")
    assert described["args"][-4:] == ["node", "dist/main.js", "two words", "$HOME"]
    assert (described["kill_timeout"], described["max_memory_restart"]) == (12_000, "1G")
    assert described["error_file"] == "/opt/vendhub/logs/vendhub-api-blue-error.log"


def test_no_memory_no_limit(blue):
    without = blue.service.model_copy(update={"memory": None}).named("api")
    assert "max_memory_restart" not in Pm2().files(Instance("vendhub", "/opt/vendhub", without, Slot.BLUE))[-1].text


def test_instances_of_a_system_share_one_unit_and_have_a_description_each(blue, service):
    second = Instance("vendhub", "/opt/vendhub", service, Slot.GREEN, 2)
    assert Pm2().files(blue)[:2] == Pm2().files(second)[:2]
    assert Pm2().files(second)[-1].path == "/opt/vendhub/pm2/vendhub-api.2-green.json"


def test_two_systems_on_one_host_share_nothing(blue, service):
    other = Instance("other", "/opt/other", service, Slot.BLUE)
    ours, theirs = ({file.path for file in Pm2().files(one)} for one in (blue, other))
    assert not ours & theirs
    assert "vendhub/" not in "".join(file.text for file in Pm2().files(other))


def test_unit_brings_pm2_back_and_keeps_what_it_writes_off_the_disk(blue):
    unit = Pm2().files(blue)[0]
    assert unit.path == "/etc/systemd/system/vendhub-pm2.service"
    lines = unit.text.splitlines()
    assert {"User=vendhub", "Restart=always", "WantedBy=multi-user.target", "OOMPolicy=continue"} <= set(lines)
    assert "PIDFile=/run/vendhub-pm2/pm2.pid" in lines
    assert "ExecStartPre=-/usr/bin/ln -sfn /run/vendhub-pm2/pm2.log /opt/vendhub/.pm2/pm2.log" in lines
    assert "$" not in unit.text


def test_nothing_is_brought_back_that_pm2_has_saved(blue):
    assert not [file.path for file in Pm2().files(blue) if "resurrect" in file.text or "dump" in file.text]


def test_variables_are_for_the_user_alone_and_not_in_the_description(blue):
    file = Pm2().environment(blue, {"DB_PASSWORD": "secret"})
    assert (file.path, file.mode, file.owner) == ("/opt/vendhub/env/blue/api.env", 0o600, "vendhub")
    assert file.text == "export DB_PASSWORD=secret\n"


def test_values_and_words_arrive_byte_for_byte(tmp_path, service):
    show = ("env", "-0")
    nasty = service.model_copy(update={"command": show}).named("api")
    one = Instance("vendhub", str(tmp_path), nasty, Slot.BLUE)
    (tmp_path / "slots/blue/backend").mkdir(parents=True)
    put(tmp_path, "env/blue/api.env", Pm2().environment(one, NASTY).text)
    described = json.loads(Pm2().files(one)[-1].text)
    done = subprocess.run([described["script"], *described["args"]], capture_output=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    assert {name: found.get(name) for name in NASTY} == NASTY
    assert found["PWD"] == str(tmp_path / "slots/blue/backend")


def test_program_does_not_start_in_another_directory(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    put(tmp_path, "env/blue/api.env", "")
    done = run(["/bin/sh", *json.loads(Pm2().files(one)[-1].text)["args"]])
    assert done.returncode
    assert "slots/blue/backend" in done.stderr


def test_migration_runs_as_the_service_would(blue):
    argv = Pm2().run_once(blue, ("node", "migrate.js", "$HOME"), timedelta(minutes=5))
    assert {"--uid=vendhub", "--property=RuntimeMaxSec=300"} <= set(argv)
    words = argv[argv.index("--") + 1 :]
    assert words[:2] == ("sh", "-c")
    assert words[-5:] == (
        "/opt/vendhub/slots/blue/backend",
        "/opt/vendhub/env/blue/api.env",
        "node",
        "migrate.js",
        "$$HOME",
    )


@pytest.fixture
def host(tmp_path):
    """Give a folder whose `systemctl` writes down its words, and answers is-active with $STATE."""
    put(tmp_path, "bin/systemctl", '#!/bin/sh\necho "$*" >>"$SAID"\n[ "$1" != is-active ] || echo "$STATE"\n', 0o755)
    return tmp_path


def told(host, commands, state="active", cwd=None):
    said = host / "said"
    said.unlink(missing_ok=True)
    for argv in commands:
        done = run(argv, cwd=cwd, PATH=f"{host}/bin:{os.environ['PATH']}", SAID=str(said), STATE=state)
        assert done.returncode == 0, done.stderr
    return said.read_text().splitlines() if said.exists() else []


def test_start_enables_it_and_has_pm2_look_again(host, service):
    one = Instance("vendhub", str(host), service, Slot.BLUE)
    put(host, "pm2/vendhub-api-blue.json", "{}")
    put(host, "bin/systemctl", '#!/bin/sh\necho "$* $(cd pm2/enabled && echo *)" >>"$SAID"\n', 0o755)
    said = told(host, Pm2().start(one), cwd=host)
    assert (host / "pm2/enabled/vendhub-api-blue.json").read_text() == "{}"
    seen = "vendhub-api-blue.asked vendhub-api-blue.json"
    assert said[-2:] == [f"start vendhub-pm2.service {seen}", f"reload vendhub-pm2.service {seen}"]
    assert [path.name for path in (host / "pm2/enabled").iterdir()] == ["vendhub-api-blue.json"]


def test_start_that_fails_says_why_in_its_first_line(host, service):
    put(host, "bin/systemctl", "#!/bin/sh\n[ $1 != reload ] || { echo Job failed >&2; exit 1; }\n", 0o755)
    put(host, "bin/journalctl", "#!/bin/sh\necho PM2 did not answer\n", 0o755)
    (argv,) = Pm2().start(Instance("vendhub", str(host), service, Slot.BLUE))
    done = run(argv, PATH=f"{host}/bin:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "PM2 did not answer: see journalctl -u vendhub-pm2.service\n"


def test_stop_disables_all_of_them_before_pm2_looks_again(host, service):
    both = [Instance("vendhub", str(host), service, slot) for slot in Slot]
    for one in both:
        put(host, f"pm2/enabled/{one.process}.json", "{}")
    assert told(host, Pm2().stop(both))[-1] == "reload vendhub-pm2.service"
    assert not list((host / "pm2/enabled").iterdir())


@pytest.mark.parametrize("state", ["inactive", "failed"])
def test_stop_starts_no_pm2_where_none_runs_and_nothing_was_ever_started(host, service, state):
    one = Instance("vendhub", str(host), service, Slot.BLUE)
    assert told(host, Pm2().stop([one]), state) == ["is-active vendhub-pm2.service"]


def test_stop_waits_for_a_pm2_that_is_coming_back(host, service):
    one = Instance("vendhub", str(host), service, Slot.BLUE)
    assert told(host, Pm2().stop([one]), "activating")[1:] == [
        "start vendhub-pm2.service",
        "reload vendhub-pm2.service",
    ]


def test_states_are_read_by_name_and_an_unknown_one_is_left_out(blue, green, service):
    third = Instance("vendhub", "/opt/vendhub", service, Slot.GREEN, 3)
    states = Pm2().states(LIST, [blue, green, third])
    assert set(states) == {blue.place, green.place}
    assert (states[blue.place].running, states[blue.place].restarts, states[blue.place].enabled) == (False, 3, True)
    assert (states[green.place].state, states[green.place].enabled) == ("stopped", False)


@pytest.mark.parametrize(("row", "running"), [("online\t0\t178\ttrue", True), ("online\t0\t0\ttrue", False)])
def test_a_process_without_a_number_does_not_run(blue, row, running):
    assert Pm2().states(f"vendhub-api-blue\t{row}\n", [blue])[blue.place].running is running


@pytest.mark.parametrize(
    ("row", "before", "code"),
    [
        ("online\t0\t178\ttrue", "0", 1),
        ("online\t2\t178\ttrue", "0", 1),
        ("PM2 is down\t0\t0\ttrue", "0", 1),
        ("online\t3\t178\ttrue", "0", 0),
        ("online\t0\t0\ttrue", "0", 0),
        ("errored\t0\t0\ttrue", "0", 0),
        ("stopped\t0\t0\ttrue", "0", 0),
        ("online\t502\t178\ttrue", "500", 1),
        ("waiting restart\t503\t178\ttrue", "500", 0),
    ],
)
def test_died_when_stopped_or_restarted_again_and_again_since_the_wait_began(blue, row, before, code):
    words = Pm2().died(blue)
    at = words.index("timeout")
    printed = [*words[:at], "printf", "%s\n", f"vendhub-api-blue\t{row}"]
    assert run(printed, RESTARTS=before).returncode == code


@pytest.mark.parametrize(("verb", "number"), [("restarts", "7"), ("pid", "178")])
def test_a_number_of_one_process_is_printed_or_zero(blue, verb, number):
    words = getattr(Pm2(), verb)(blue)
    head = words[: words.index("timeout")]
    assert run([*head, "printf", "%s\n", "vendhub-api-blue\tonline\t7\t178\ttrue"]).stdout == f"{number}\n"
    assert run([*head, "true"]).stdout == "0\n"


@pytest.mark.parametrize("verb", ["status", "died", "restarts", "pid"])
def test_a_hung_pm2_does_not_hang_us(blue, verb):
    argument = [blue] if verb == "status" else blue
    words = getattr(Pm2(), verb)(argument)
    assert words[words.index("timeout") :][:5] == ("timeout", "10", "runuser", "-u", "vendhub")


@needs_node
def test_list_prints_nothing_of_a_host_where_nothing_was_made_known(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    argv = plain(Pm2().status([one]))
    assert run(argv).stdout == ""
    put(tmp_path, "pm2/vendhub-api-blue.json", "{}")
    put(tmp_path, "pm2/enabled/vendhub-api-blue.json", "{}")
    assert run(argv).stdout == "vendhub-api-blue\tPM2 is down\t0\t0\ttrue\n"


@needs_node
def test_list_prints_what_is_asked_for_and_no_variables(pm2, service):
    one = Instance("vendhub", str(pm2), service, Slot.BLUE)
    put(pm2, ".pm2/rpc.sock", "")
    known = {"status": "online", "restart_time": 2, "DB_PASSWORD": "secret", "env": {"DB_PASSWORD": "secret"}}
    found = [{"name": name, "pid": 178, "pm2_env": known} for name in ("vendhub-api-blue", "another")]
    given = {"PATH": f"{pm2}/bin:{os.environ['PATH']}", "SAID": str(pm2 / "said"), "LIST": json.dumps(found)}
    argv = plain(Pm2().status([one]))
    assert run(argv, ALIVE="yes", **given).stdout == "vendhub-api-blue\tonline\t2\t178\tfalse\n"
    assert run(argv, ALIVE="no", **given).stdout == ""


def test_logs_are_opened_again_by_the_user_who_writes_them(service):
    argv = Pm2().reopen_logs([service], root="/opt/vendhub")
    assert argv[2:5] == ("runuser", "-u", "vendhub")
    assert argv[-2:] == ("/opt/vendhub", "reloadLogs")


def test_a_host_without_pm2_is_told_how_to_get_it(blue, tmp_path):
    (tmp_path / "node").symlink_to("/bin/true")
    done = run(["/bin/sh", *Pm2().usable([blue])[1:]], PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "pm2 is not installed: npm install -g pm2\n")
    (tmp_path / "pm2").symlink_to("/bin/true")
    assert run(["/bin/sh", *Pm2().usable([blue])[1:]], PATH=str(tmp_path)).returncode == 0


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs Debian's package shellcheck")
def test_shellcheck_has_nothing_against_what_runs_on_a_host(blue, green):
    commands = [*Pm2().start(blue), *Pm2().stop([blue]), Pm2().died(blue), Pm2().pid(blue), Pm2().usable([blue])]
    commands += [plain(Pm2().log(blue, lines=1)), plain(Pm2().read_log([green], since="", lines=1, follow=False))]
    for argv in commands:
        done = subprocess.run(
            ["shellcheck", "--shell=dash", "-"], input=argv[2], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    assert SYNC in commands[0][2]


@pytest.mark.parametrize(
    ("scripts", "asked", "instances"),
    [(("fenced", "drain"), Pm2.pid, 60), (("steady",), Pm2.restarts, 30)],
    ids=["drain", "steady"],
)
def test_many_instances_are_asked_by_one_command(blue, scripts, asked, instances):
    """Three services of ten instances; a shutdown asks both slots. The limit is MAX_ARG_STRLEN of execve(2)."""
    words = [shell_line([asked(Pm2(), blue)]), "30000"]
    if asked is Pm2.restarts:
        words += [shell_line([Pm2().log(blue, lines=20)])]
    line = shlex.join(Command(scripts, tuple(words * instances)).argv)
    assert len(shlex.quote(line)) < 128 * 1024
