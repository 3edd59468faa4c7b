"""PM2 as a runtime: commands and texts as data; what runs on a host is tried with stand-ins for PM2 and systemd."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.model.service import Health, Ports, Service
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.pm2 import SYNC, Pm2, _text
from handrail.runtimes.protocol import Instance

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node, as PM2 does")
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
# As PM2 7.0.4 wrote it.
PM2_LOG = """\
2026-11-21T06:42:01.100+00:00: PM2 log: App [vendhub-api-green:1] exited with code [0] via signal [SIGINT]
2026-11-21T06:42:02.100+00:00: PM2 log: App [vendhub-api-blue:0] starting in -fork mode-
2026-11-21T06:42:04.100+00:00: PM2 log: [PM2][WORKER] Process 1 restarted because it exceeds --max-memory-restart value
2026-11-21T06:42:04.200+00:00: PM2 log: [PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value
2026-11-21T06:42:04.300+00:00: PM2 log: App [vendhub-api-blue:0] exited with code [0] via signal [SIGKILL]
"""
# What sync.js asks of PM2, written down.
FAKE_PM2 = """
const fs = require('fs');
const [say, lost, list] = [process.env.SAID, process.env.LOST, JSON.parse(process.env.LIST)];
const said = (word) => fs.appendFileSync(say, word + '\\n');
module.exports = {
  Client: { pingDaemon: (answer) => answer(process.env.ALIVE === 'yes'), launchRPC: (done) => done() },
  reloadLogs(done) { said('reloadLogs'); done(); },
  connect(done) { said('connect'); done(); },
  list(done) { said('list'); done(null, list); },
  delete(id, done) { said('delete ' + id); done(); },
  start({ apps }, done) {
    for (const app of apps) said('start ' + app.name + ' ' + Object.keys(process.env).sort());
    done(null, lost ? [] : apps);
  },
};
"""


@pytest.fixture
def service():
    return Service(
        runtime="pm2",
        hosts="app",
        user="vendhub",
        directory="backend",
        command=("node", "dist/main.js", "two words", "$HOME"),
        memory="1G",
        ports=Ports(blue=3000, green=3010),
        health=Health(path="/health"),
        stop=timedelta(seconds=12),
    ).named("api")


@pytest.fixture
def blue(service):
    return Instance("vendhub", "/opt/vendhub", service, Slot.BLUE)


@pytest.fixture
def green(service):
    return Instance("vendhub", "/opt/vendhub", service, Slot.GREEN)


def put(root, path, text, mode=0o644):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def run(argv, *, cwd=None, **environment):
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=30, cwd=cwd
    )


def plain(argv):
    """Leave out what makes it another user's."""
    at = argv.index("--")
    return argv[at + 1 :]


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


@pytest.fixture
def pm2(tmp_path):
    """Give a folder with a stand-in for PM2, found as npm installs it."""
    put(tmp_path, "lib/pm2/index.js", FAKE_PM2)
    put(tmp_path, "lib/pm2/bin/pm2", '#!/bin/sh\necho "pm2 $*" >>"$SAID"\n', 0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pm2").symlink_to("../lib/pm2/bin/pm2")
    put(tmp_path, "pm2/sync.js", _text("pm2_sync.js"))
    for name in ("kept", "dead", "new", "gone"):
        put(tmp_path, f"pm2/{name}.json", json.dumps({"name": name}))
    (tmp_path / "pm2/enabled").mkdir()
    for name in ("kept", "dead", "new", "dangling"):
        (tmp_path / f"pm2/enabled/{name}.json").symlink_to(f"../{name}.json")
    put(tmp_path, "run/pm2.pid", "1")
    return tmp_path


ROWS = (("kept", "online"), ("dead", "errored"), ("gone", "online"), ("somebody's", "online"))


def sync(pm2, *, rows=ROWS, pid=178, **environment):
    found = [
        {"name": name, "pm_id": i, "pid": pid, "pm2_env": {"status": status}} for i, (name, status) in enumerate(rows)
    ]
    given = {"ALIVE": "no", "SAID": str(pm2 / "said"), "LIST": json.dumps(found), "TZ": "UTC", "HOME": "/"}
    paths = {"PATH": f"{pm2}/bin:{os.environ['PATH']}", "PM2_PID_FILE_PATH": str(pm2 / "run/pm2.pid")}
    done = run(["node", str(pm2 / "pm2/sync.js")], **{**given, **paths, **environment})
    return done, (pm2 / "said").read_text().splitlines()


@needs_node
def test_sync_stops_what_is_not_enabled_starts_what_is_and_leaves_what_is_not_ours(pm2):
    done, said = sync(pm2)
    assert done.returncode == 0, done.stderr
    assert said[:4] == ["connect", "list", "delete 1", "delete 2"]
    assert [line.split()[:2] for line in said[4:]] == [["start", "dead"], ["start", "new"]]


@needs_node
@pytest.mark.parametrize(
    ("status", "pid", "asked", "anew"),
    [
        ("waiting restart", 0, "kept.asked", True),
        ("online", 0, "kept.asked", True),
        ("online", 178, "kept.asked", False),
        ("waiting restart", 0, "new.asked", False),
    ],
)
def test_sync_starts_anew_what_a_start_was_asked_for_unless_it_runs(pm2, status, pid, asked, anew):
    put(pm2, f"pm2/enabled/{asked}", "")
    done, said = sync(pm2, rows=[("kept", status)], pid=pid)
    assert done.returncode == 0, done.stderr
    assert ("delete 0" in said, any(line.startswith("start kept ") for line in said)) == (anew, anew)


@pytest.fixture
def daemon(pm2):
    """Give a process that stands for PM2's daemon, with the children that are asked for."""
    begun = []

    def start(*names):
        children = " ".join(f"env name='{name}' sleep 100 & echo $!;" for name in names)
        process = subprocess.Popen(["sh", "-c", f"{children} wait"], stdout=subprocess.PIPE, text=True)
        begun.append(process)
        (pm2 / "run/pm2.pid").write_text(str(process.pid))
        pids = [int(process.stdout.readline()) for _ in names]
        begun.extend(pids)
        # from `sh` to `env` to `sleep`: the name is there at the end
        until(lambda: all(b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids))
        return pids

    yield start
    for one in begun:
        with suppress(ProcessLookupError):
            one.kill() if isinstance(one, subprocess.Popen) else os.kill(one, signal.SIGKILL)


def until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@needs_node
def test_a_program_that_pm2_has_lost_is_killed_and_no_other(pm2, daemon):
    lost, kept, other = daemon("kept", "kept", "other")
    done, _ = sync(pm2, rows=[("kept", "online")], pid=kept)
    assert done.stderr == f"kept, process {lost}, was lost by PM2: it is killed\n"
    until(lambda: not runs(lost))
    assert (runs(kept), runs(other)) == (True, True)


@needs_node
def test_what_is_deleted_while_pm2_starts_it_again_is_looked_for_once_more(pm2):
    looks = [line for line in sync(pm2, rows=[("gone", "stopping")])[1] if line.split()[0] in {"list", "delete"}]
    assert looks == ["list", "delete 0", "list"]
    (pm2 / "said").unlink()
    looks = [line for line in sync(pm2, rows=[("gone", "online")])[1] if line.split()[0] in {"list", "delete"}]
    assert looks == ["list", "delete 0"]


@needs_node
def test_programs_see_nothing_of_the_environment_of_pm2(pm2):
    _, said = sync(pm2)
    seen = set(said[-1].split()[-1].split(","))
    assert "PATH" in seen
    assert not seen & {"TZ", "PM2_PID_FILE_PATH", "SAID"}


@needs_node
def test_sync_ends_a_daemon_of_somebody_else_but_never_that_of_the_unit(pm2):
    assert sync(pm2, ALIVE="yes")[1][0] == "pm2 kill"
    (pm2 / "said").unlink()
    assert sync(pm2, ALIVE="yes", MAINPID="1")[1][0] == "connect"


@needs_node
def test_sync_fails_when_a_process_is_not_started_or_the_daemon_is_not_ours(pm2):
    done, _ = sync(pm2, LOST="yes")
    assert (done.returncode, done.stderr) == (1, "PM2 started 0 of dead, new\n")
    (pm2 / "run/pm2.pid").unlink()
    done, _ = sync(pm2)
    assert done.returncode == 1
    assert "another daemon" in done.stderr


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


@needs_node
def test_logs_are_opened_again_and_pm2s_own_begins_anew_where_it_runs(pm2, service):
    put(pm2, ".pm2/rpc.sock", "")
    own = put(pm2, ".pm2/pm2.log", PM2_LOG)
    argv = plain(Pm2().reopen_logs([service], root=str(pm2)))
    given = {"PATH": f"{pm2}/bin:{os.environ['PATH']}", "SAID": str(pm2 / "said"), "LIST": "[]"}
    assert run(argv, ALIVE="no", **given).returncode == 0
    assert own.read_text() == PM2_LOG
    assert run(argv, ALIVE="yes", **given).returncode == 0
    assert (own.read_text(), (pm2 / "said").read_text()) == ("", "reloadLogs\n")


def test_log_says_how_this_process_ended_in_the_order_of_time(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    put(tmp_path, ".pm2/pm2.log", PM2_LOG)
    put(tmp_path, "logs/vendhub-api-blue-out.log", "2026-11-21T06:42:03.000+00:00: up: yes\n")
    put(tmp_path, "logs/vendhub-api-blue-error.log", "2026-11-21T06:42:04.250+00:00: last words\n")
    assert run(plain(Pm2().log(one, lines=20))).stdout.splitlines() == [
        "up: yes",
        "PM2 log: [PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value",
        "last words",
        "PM2 log: App [vendhub-api-blue:0] exited with code [0] via signal [SIGKILL]",
    ]
    assert len(run(plain(Pm2().log(one, lines=1))).stdout.splitlines()) == 1


def test_log_leaves_out_what_an_earlier_release_in_the_slot_said(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    put(
        tmp_path,
        "logs/vendhub-api-blue-out.log",
        "".join(f"2001-01-0{day}T00:00:00.000+00:00: {day}\n" for day in (1, 3)),
    )
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots/blue").symlink_to("../releases/1.0.0")
    second = datetime(2001, 1, 2, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "slots/blue", (second, second), follow_symlinks=False)
    assert run(plain(Pm2().log(one, lines=20))).stdout == "3\n"


@pytest.fixture
def logged(tmp_path, service):
    instances = [Instance("vendhub", str(tmp_path), service, slot) for slot in Slot]
    out = "vendhub-api-{}-out.log"
    put(tmp_path, f"logs/{out.format('blue')}.1", "2001-01-30T00:00:00.000+00:00: yesterday\n")
    file = put(tmp_path, f"logs/{out.format('blue')}", "2001-01-31T00:00:03.000+00:00: three\n")
    file.write_bytes(file.read_bytes() + b"2001-01-31T00:00:04.000+00:00: \xff\xfe: " + b"x" * 3_000_000 + b"\n")
    put(
        tmp_path, f"logs/{out.format('green')}", "2001-01-31T00:00:01.000+00:00: one\n2001-01-31T00:00:09.000+00:00: \n"
    )
    return instances


def read(instances, *, since="", lines=0):
    argv = plain(Pm2().read_log(instances, since=since, lines=lines, follow=False))
    return subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout.split(b"\n")[:-1]


@needs_node
def test_log_lines_of_all_files_are_in_the_order_of_time_and_as_they_were_printed(logged):
    found = read(logged)
    assert [line[:22] for line in found[:3]] == [
        b"2001-01-30T00:00:00.00",
        b"2001-01-31T00:00:01.00",
        b"2001-01-31T00:00:03.00",
    ]
    assert found[0] == b"2001-01-30T00:00:00.000+00:00 yesterday"
    assert found[3] == b"2001-01-31T00:00:04.000+00:00 \xff\xfe: " + b"x" * 3_000_000
    assert found[4] == b"2001-01-31T00:00:09.000+00:00 "


@needs_node
@pytest.mark.parametrize(
    ("since", "lines", "count"),
    [
        ("", 2, 2),
        ("2001-01-31", 0, 4),
        ("2001-01-31T00:00:04", 0, 2),
        ("2001-01-31", 1, 1),
        ("36500d", 0, 5),
        ("1d", 9, 0),
    ],
)
def test_log_is_read_since_an_age_or_a_date_and_from_its_end(logged, since, lines, count):
    assert len(read(logged, since=since, lines=lines)) == count


@needs_node
def test_log_that_cannot_be_read_is_no_empty_one(logged, tmp_path):
    argv = plain(Pm2().read_log(logged[:1], since="", lines=0, follow=False))
    (tmp_path / "logs/vendhub-api-blue-error.log").mkdir()
    done = subprocess.run(argv, capture_output=True, check=False, timeout=30)
    assert done.returncode == 1
    assert b"Is a directory" in done.stderr
    no_node = tmp_path / "bin"
    no_node.mkdir()
    for name in ("sh", "tail", "sort", "date"):
        (no_node / name).symlink_to(shutil.which(name))
    done = subprocess.run(argv, capture_output=True, check=False, timeout=30, env={"PATH": str(no_node)})
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"node" in done.stderr


@needs_node
def test_a_service_that_never_logged_has_no_lines(logged, tmp_path):
    for path in (tmp_path / "logs").iterdir():
        path.unlink()
    assert read(logged) == []


@needs_node
def test_log_is_followed_across_a_rotation(logged, tmp_path):
    path = tmp_path / "logs/vendhub-api-blue-error.log"
    path.write_text("2001-01-31T00:00:05.000+00:00: before\n")
    argv = plain(Pm2().read_log(logged[:1], since="2001-01-31T00:00:05", lines=1, follow=True))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as following:
        try:
            assert following.stdout.readline() == "2001-01-31T00:00:05.000+00:00 before\n"
            path.rename(f"{path}.1")
            path.write_text("2001-01-31T00:00:06.000+00:00: after\n")
            began = time.monotonic()
            assert following.stdout.readline() == "2001-01-31T00:00:06.000+00:00 after\n"
            assert time.monotonic() - began < 5
        finally:
            os.killpg(following.pid, 15)


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
