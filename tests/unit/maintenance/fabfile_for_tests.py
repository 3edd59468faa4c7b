"""Tasks that stand for the real ones: each notes that it begins, takes its time, and notes its effect."""

import json as written
import os
import signal
import sys
import time
from pathlib import Path

from invoke import Collection, Context, task

EFFECTS = Path("effects")


def note(text):
    with EFFECTS.open("a") as file:
        file.write(f"{text}\n")


def does(name, text="done"):
    if Path(f"stubborn-{name}").exists():
        signal.signal(signal.SIGINT, lambda *_: Path(f"stubborn-{name}").unlink())
    note(f"{name} begun {os.getpid()}")
    while Path(f"stubborn-{name}").exists():
        time.sleep(0.02)
    begun = time.monotonic()
    while time.monotonic() < begun + (60 if Path(f"slow-{name}").exists() else float(os.environ.get("TAKES", "0"))):
        time.sleep(0.02)
    if Path(f"breaks-{name}").exists():
        sys.stdout.write(written.dumps({"exit_code": 1, "text": f"{name} is broken"}) + "\n")
        sys.exit(1)
    note(f"{name} done")
    if Path(f"warns-{name}").exists():
        sys.stdout.write(written.dumps({"exit_code": 1, "outcome": "done", "text": "1 WARN"}) + "\n")
        sys.exit(1)
    sys.stdout.write(written.dumps({"exit_code": 0, "text": text}) + "\n")


def change(name):
    def run(c: Context, inventory="", reason="", yes=False, json=False):
        does(name)

    run.__doc__ = name
    return task(run)


@task
def deploy(c, release, inventory="", reason="", yes=False, json=False):
    does("deploy")


@task
def startup(c, inventory="", reason="", yes=False, json=False, keep_page=False):
    assert keep_page
    does("startup")


@task(name="maintenance-page")
def page(c, state, message="", inventory="", reason="", yes=False, json=False):
    does(f"page-{state}")


@task
def watch(c, minutes="30", inventory="", json=False):
    does("watch")


@task
def status(c, inventory="", json=False):
    does("status")


@task
def health(c, inventory="", json=False):
    does("health")


ns = Collection(deploy, startup, page, watch, status, health)
for each in ("shutdown", "rollback", "restart"):
    ns.add_task(change(each), name=each)


@task(name="run")
def schedule(c, inventory="", due=False):
    assert due
    does("schedule")


inner = Collection("schedule")
inner.add_task(schedule)
ns.add_collection(inner)
for noun, verb in (("backup", "take"), ("database", "vacuum")):
    inner = Collection(noun)
    inner.add_task(change(noun), name=verb)
    ns.add_collection(inner)
