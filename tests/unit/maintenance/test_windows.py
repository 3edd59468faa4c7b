"""Windows run by workers: from start to end, undone, aborted, taken over, told of."""

from __future__ import annotations

import json
import signal
import time

from sqlalchemy import create_engine, text

from handrail.secrets import MASK
from tests.unit.maintenance.conftest import EFFECTS, POSTGRESQL, SHORT, SYSTEM

CLOSING = ["health done", "page-off done"]
SHORT_EFFECTS = ("status", "page-on", "deploy", "ledger", "health", "page-off")


def done(folder):
    return [line for line in folder.effects() if line.endswith(("done", "undone"))]


def test_a_window_is_run_from_start_to_end_by_a_worker(folder):
    folder.whole()
    (folder.path / "warns-watch").touch()  # which is told, and ends nothing
    window = folder.book()
    folder.work()
    told = folder.over(window)
    assert (told["exit_code"], told["text"]) == (0, "done: everything was done and verified")
    assert done(folder) == [f"{name} done" for name in EFFECTS]
    assert [step["outcome"] for step in told["steps"]] == ["ok"] * len(EFFECTS)
    (record,) = folder.records("maintenance")
    assert (record["run"], record["outcome"]) == (window, "done")
    assert [step["key"] for step in record["steps"]][-1] == "watch"


def test_a_watch_that_could_not_look_is_no_proof(folder):
    folder.whole()
    (folder.path / "breaks-watch").touch()
    window = folder.book()
    folder.work()
    told = folder.over(window)
    assert told["exit_code"] == 1
    assert "watch is broken" in told["text"]


def test_a_window_goes_on_when_the_worker_of_another_one_in_its_folder_ends(folder):
    inventories, files = folder.path / "inventories", folder.path / "maintenance"
    (inventories / "mart.yaml").write_text(
        SYSTEM.replace("shop", "mart").replace("3000", "4000").replace("3010", "4010")
    )
    (inventories / "mart.py").write_text('app = ["web1"]\n')
    (inventories / "group_data/mart.py").write_text('environment = "prod"\nsystems = ["mart.yaml"]\n')
    (files / "mart.yaml").write_text(
        SHORT.replace("shop", "mart")
        .replace("monthly", "mart")
        .replace("echo ledger begun", "until [ -e go ]; do sleep 0.1; done; echo begun")
    )
    run = "run('maintenance/{}.yaml', 'inventories/{}.py', yes=True, as_json=False)"
    first = folder.begin(run.format("monthly", "prod"))
    folder.until(folder.seated)
    other = folder.begin(run.format("mart", "mart"))
    assert first.wait(timeout=60) == 0
    (folder.path / "go").touch()
    assert other.wait(timeout=60) == 0, folder.log()
    assert folder.seated() == 2
    assert folder.effects().count("deploy done") == 2


def test_a_task_that_fails_is_undone_with_all_before_it(folder):
    folder.change(command='[sh, -c, "echo the ledger is closed; exit 3"]')
    window = folder.book()
    folder.work()
    told = folder.over(window)
    assert told["exit_code"] == 1
    assert "tell the ledger: the ledger is closed; everything was undone, and traffic is let in" in told["text"]
    after = done(folder)[done(folder).index("deploy done") + 1 :]
    assert after == ["ledger undone", "rollback done", *CLOSING]


def test_a_task_that_hangs_is_ended_after_its_time(folder):
    folder.change(command="[sleep, 60]", takes="2s")
    window = folder.book()
    folder.work()
    told = folder.over(window)
    assert told["exit_code"] == 1
    assert "not done within 2 s" in told["text"]
    assert done(folder)[-3:] == ["rollback done", *CLOSING]


def test_what_was_broken_off_and_is_out_of_time_is_undone_and_traffic_is_let_in(folder):
    folder.change(command="[sleep, 60]", takes="6s")
    window = folder.book()
    worker = folder.work()
    runner = folder.until(lambda: folder.runner(window, "task-2"))
    folder.kill(worker)
    folder.kill_process(runner)
    time.sleep(6)
    folder.work()
    told = folder.over(window)
    assert "broken off, and its 6 s are over" in told["text"]
    assert done(folder)[-3:] == ["rollback done", *CLOSING]


def test_a_window_whose_workflow_broke_is_taken_up_again(folder):
    broken = (
        "from handrail.maintenance import durable, worker\n"
        "def advance(*_): raise RuntimeError('the database is away')\n"
        "whole, durable.advance = durable.advance, advance\n"
        "mend = lambda words: words.endswith('broke') and setattr(durable, 'advance', whole)\n"
        "worker.say = lambda words: (mend(words), print(words, flush=True))\n"
        "worker.work()"
    )
    window = folder.book()
    folder.work(code=broken)
    folder.until(lambda: f"{window} is taken up again: its workflow broke" in folder.log())
    assert folder.over(window)["exit_code"] == 0


def aborted_in_its_deploy(folder):
    """Abort a window as soon as its deploy has begun, and give what it tells once it is over."""
    window = folder.book()
    folder.work()
    folder.until(lambda: folder.begun("deploy"))
    assert folder.verb(f"abort({window!r}, reason='the database is slow', as_json=True)").returncode == 0
    return folder.over(window)


def test_an_abort_interrupts_what_is_under_way(folder):
    (folder.path / "slow-deploy").touch()
    told = aborted_in_its_deploy(folder)
    assert told["exit_code"] == 1
    assert "aborted by the operator" in told["text"]
    assert "deploy done" not in folder.effects()
    assert done(folder)[-2:] == CLOSING


def test_a_window_that_is_not_healthy_keeps_its_page_and_can_be_resumed(folder):
    (folder.path / "breaks-health").touch()
    window = folder.book()
    worker = folder.work()
    told = folder.over(window)
    assert (told["exit_code"], "the page is still up" in told["text"]) == (5, True)
    assert "page-off done" not in folder.effects()
    folder.kill(worker)
    (folder.path / "breaks-health").unlink()
    resumed = folder.verb(f"resume({window!r}, as_json=True)")
    assert resumed.returncode == 1, resumed.stderr
    assert json.loads(resumed.stdout)["text"].endswith("everything was undone, and traffic is let in")
    assert done(folder)[-2:] == CLOSING


def test_a_step_back_that_failed_is_tried_again_when_the_window_is_resumed(folder):
    (folder.path / "breaks-health").touch()
    folder.change(command='[sh, -c, "exit 3"]')
    window = folder.book()
    worker = folder.work()
    assert folder.over(window)["exit_code"] == 5
    folder.kill(worker)
    (folder.path / "breaks-health").unlink()
    resumed = folder.verb(f"resume({window!r}, as_json=True)")
    assert resumed.returncode == 1, resumed.stdout + resumed.stderr
    assert done(folder)[-3:] == ["rollback done", *CLOSING]


def test_a_deploy_that_was_past_its_confirm_when_it_was_aborted_is_rolled_back(folder):
    (folder.path / "stubborn-deploy").touch()
    told = aborted_in_its_deploy(folder)
    assert (told["exit_code"], told["text"].endswith("everything was undone, and traffic is let in")) == (1, True)
    assert done(folder)[-4:] == ["deploy done", "rollback done", *CLOSING]


def test_what_a_command_prints_is_kept_without_the_systems_secrets(folder):
    system = folder.path / "inventories/shop.yaml"
    system.write_text(system.read_text().replace("environments:", "secrets: {KEY: {env: LEDGER_KEY}}\nenvironments:"))
    folder.env["LEDGER_KEY"] = "planted-4711"
    folder.change(command="""[sh, -c, 'printf "401 for %s\\\\0\\\\n" planted-4711; exit 3']""")
    window = folder.book()
    folder.work()
    told = folder.over(window)
    assert f"401 for {MASK}" in told["text"]
    assert "planted-4711" not in json.dumps([told, folder.records("maintenance")])


def test_what_is_run_in_the_foreground_ends_with_its_exit_code(folder):
    ran = folder.verb("run('maintenance/monthly.yaml', 'inventories/prod.py', yes=True, as_json=True)")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["text"] == "done: everything was done and verified"


def test_ctrl_c_ends_the_looking_on_and_not_the_window(folder):
    (folder.path / "slow-page-on").touch()
    code = "run('maintenance/monthly.yaml', 'inventories/prod.py', yes=True, as_json=False)"
    looking = folder.begin(code)
    folder.until(lambda: folder.begun("page-on"))
    looking.send_signal(signal.SIGINT)
    assert looking.wait(20) == 130
    told = folder.status()
    assert told["state"] == "running"
    assert folder.verb(f"abort({told['window']!r}, reason='', as_json=True)").returncode == 0
    assert folder.over(told["window"])["exit_code"] == 1


def test_a_worker_runs_scheduled_tasks_beside_windows(folder):
    folder.work(code="from handrail.maintenance import verbs; verbs.worker('inventories/prod.py')")
    folder.until(lambda: "schedule done" in folder.effects())


def test_a_file_that_changed_since_is_told_and_the_window_goes_on_as_it_was_booked(folder):
    (folder.path / "slow-page-on").touch()
    window = folder.book()
    folder.work()
    folder.until(lambda: folder.begun("page-on"))
    (folder.path / "maintenance/monthly.yaml").write_text(SHORT.replace("1.1.0", "1.2.0"))
    assert "has changed since; the window goes on as it was booked" in folder.status(window)["changed"]


def test_a_window_of_another_engine_is_told_of_and_goes_on_when_resumed(folder):
    (folder.path / "slow-page-on").touch()
    window = folder.book()
    old = folder.work()
    folder.until(lambda: folder.begun("page-on"))
    folder.kill(old)
    (folder.path / "slow-page-on").unlink()
    newer = "from handrail.maintenance import durable, worker; durable.VERSION = '2'; worker.work()"
    new = folder.work(code=newer)
    said = f"{window} was begun by version 1 of the engine, and this is 2: fab maintenance.resume {window}"
    folder.until(lambda: said in folder.log())
    assert folder.log().count(said) == 1
    folder.kill(new)
    resumed = folder.verb(f"resume({window!r}, as_json=True)")
    assert resumed.returncode == 0, resumed.stderr
    assert done(folder).count("status done") == 1


def test_a_window_that_is_booked_for_later_is_announced_and_waits(folder):
    folder.change(announce="[24h, 1h]")
    booked = folder.verb(
        "schedule('maintenance/monthly.yaml', 'inventories/prod.py', at=LATER, yes=True, as_json=True)".replace(
            "LATER", repr(time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(time.time() + 7200)))
        )
    )
    window = json.loads(booked.stdout)["window"]
    folder.work()
    folder.until(lambda: f"maintenance.announced {window}: begins in 1 h" in folder.log())
    time.sleep(2.5)
    assert folder.log().count("maintenance.announced") == 1
    assert folder.verb(f"abort({window!r}, reason='', as_json=True)").returncode == 0
    assert "nothing was touched" in folder.over(window)["text"]
    assert folder.effects() == []


@POSTGRESQL
def test_a_dead_workers_window_is_taken_over_by_another_that_lives(folder):
    (folder.path / "slow-deploy").touch()
    window = folder.book()
    first = folder.work()
    folder.until(lambda: folder.begun("deploy"))
    folder.work()
    folder.until(lambda: folder.seated() == 2)
    folder.kill(first)
    (folder.path / "slow-deploy").unlink()
    folder.until(lambda: "which is dead: it goes on here" in folder.log())
    folder.kill_process(folder.begun("deploy"))
    assert folder.over(window)["exit_code"] in {0, 1}
    assert done(folder).count("page-on done") == 1


def test_a_second_worker_in_a_folder_waits_until_the_first_one_is_dead(folder):
    (folder.path / "slow-page-on").touch()
    window = folder.book()
    first = folder.work()
    folder.until(lambda: folder.begun("page-on"))
    folder.work()
    time.sleep(1)
    assert folder.seated() == 1
    (folder.path / "slow-page-on").unlink()
    folder.kill(first)
    folder.kill_process(folder.begun("page-on"))
    assert folder.over(window)["exit_code"] in {0, 1}


@POSTGRESQL
def test_a_database_that_is_away_for_ten_seconds_costs_nothing(folder, server):
    folder.env["TAKES"] = "1"
    window = folder.book()
    worker = folder.work()
    folder.until(lambda: folder.begun("deploy"))
    admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    name = folder.env["HANDRAIL_STORE"].split("/")[3].partition("?")[0]
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        connection.execute(ended, {"name": name})
        time.sleep(10)
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    admin.dispose()
    # It has lost its seat, and leaves; systemd starts it again.
    folder.until(lambda: worker.poll() is not None)
    folder.work()
    assert folder.over(window)["exit_code"] == 0
    assert done(folder) == [f"{name} done" for name in SHORT_EFFECTS]
