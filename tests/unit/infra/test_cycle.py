"""The whole way on an AWS of moto: plan, approval, apply, an empty second plan, drift, refusals, destruction.

Each test goes on where the one before has ended. moto has no real network, database or permission: what is shown here
is what handrail and Terraform do, not what AWS would.
"""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from handrail.control import infra
from handrail.infra.shelf import Shelf
from handrail.infra.workspace import Workspace
from handrail.journal import recorder
from handrail.model.intent import Intent, Verb
from tests.office import make_keys
from tests.unit.infra import cloud
from tests.unit.infra.cloud import PLANTED, REGION, STATE

pytestmark = [pytest.mark.aws, pytest.mark.timeout(600)]
NOBODY = {"change": "", "emergency": "", "reason": ""}
KEY = "shop/small.tfstate"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Run it all in a folder of its own, as an operator would."""
    cloud.needed()
    folder = tmp_path_factory.mktemp("shop")
    before, patch = Path.cwd(), pytest.MonkeyPatch()
    # moto speaks plain HTTP, and the provider cannot take a second bundle when it is configured again.
    patch.delenv("AWS_CA_BUNDLE", raising=False)
    with cloud.moto() as port, cloud.provider(cloud.variables(port), folder / "provider") as attached:
        patch.chdir(folder)
        told = cloud.variables(port) | attached | {
            "SHOP_PASSWORD": PLANTED, "HANDRAIL_STORE": f"sqlite:///{folder}/journal.db",
            "HANDRAIL_JOURNAL_KEY": str(folder / "journal.key"),
        }  # fmt: skip
        for name, value in told.items():
            patch.setenv(name, value)
        patch.setattr(recorder, "_mine", [])
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=STATE)
        yield cloud.Shop(folder / "shop", make_keys(tmp_path_factory.mktemp("keys")))
        for each in recorder._mine:
            each.close()
            each.process.wait(timeout=30)
        patch.undo()
    assert Path.cwd() == before


@pytest.fixture
def fab(here, capfd):
    """Run a task's function; give its exit code and all that it printed."""

    def run(verb, *args, **kwargs):
        with pytest.raises(SystemExit) as ended:
            getattr(infra, verb)(str(here.inventory), *args, as_json=True, **kwargs)
        out = capfd.readouterr()
        assert PLANTED not in out.out + out.err
        lines = [line for line in out.out.splitlines() if line.startswith("{")]
        return ended.value.code, json.loads(lines[-1]) if lines else {}

    return run


def plan(fab, *, destroy=False):
    code, said = fab("make_plan", destroy=destroy)
    assert code == 0, said
    return said


def apply(fab, name, verb="infra", *, destroy_data=False):
    words = {"plan": name, "destroy_data": "yes" if destroy_data else ""}
    return fab("apply_plan", verb, words, NOBODY, yes=True)


def approved(here, name, verb=Verb.INFRA, *, number):
    found = Shelf(workspace(here.load()).folder).find(name, destroy=verb is Verb.DESTROY)
    intent = Intent(verb, infra=found, destroy_data=bool(found.loses))
    change = here.request(intent, number=number)
    here.approve(change, "CTO", intent=intent)
    return change


@contextmanager
def watched():
    """Collect the command line of every process meanwhile."""
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue
            time.sleep(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def workspace(loaded):
    return Workspace(loaded.environment, loaded.base)


def client(name):
    return boto3.client(name, region_name=REGION)


def test_a_plan_is_shown_and_kept_for_its_owner_alone(here, fab):
    with watched() as lines:
        said = plan(fab)
    assert said["summary"].endswith("to add")
    assert {"add"} == {each["action"] for each in said["changes"]}
    assert said["next"].startswith(f"fab change.request --verb infra --plan {said['plan']}")
    folder = workspace(here.loaded).folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*") if path.is_file()} == {0o600}
    assert any(b"terraform\0plan" in line for line in lines)
    assert not any(PLANTED.encode() in line for line in lines)


def test_an_apply_that_nobody_approved_is_refused(here, fab):
    code, said = apply(fab, "")
    assert (code, said["outcome"]) == (3, "Refused")
    assert "it needs 1 x CTO" in said["text"]
    assert client("secretsmanager").list_secrets()["SecretList"] == []


def test_the_approved_plan_is_applied_and_recorded_and_no_secret_is_left_anywhere(here, fab):
    name = plan(fab)["plan"]
    change = approved(here, name, number="00000a")
    with watched() as lines:
        code, said = apply(fab, name)
    assert (code, said["outcome"]) == (0, "done"), said
    kept = client("secretsmanager").get_secret_value(SecretId="shop-small/DB_PASSWORD")
    assert kept["SecretString"] == PLANTED
    (run,) = [run for run in recorder.start().change_runs(change) if run["outcome"] == "done"]
    assert run["verb"] == "infra"
    # Neither this plan nor the one before it could be applied again.
    assert list(workspace(here.loaded).folder.glob("*.tfplan")) == []
    # Nothing on a command line, in the journal, in our folder or in the state.
    assert not any(PLANTED.encode() in line for line in lines)
    state = client("s3").get_object(Bucket=STATE, Key=KEY)["Body"].read()
    assert b"aws_secretsmanager_secret_version" in state
    assert PLANTED.encode() not in state
    files = [path for path in Path.cwd().rglob("*") if path.is_file() and "data" not in path.parts]
    assert any(path.name == "journal.db" for path in files)
    assert [path for path in files if PLANTED.encode() in path.read_bytes()] == []


def test_a_second_plan_has_nothing_to_do_and_nothing_has_drifted(fab):
    said = plan(fab)
    assert (said["summary"], said["plan"], said["by_hand"]) == ("nothing to do", "", [])
    assert fab("show_drift") == (0, {"exit_code": 0, "system": "shop", "environment": "small", "drift": []})


def test_outputs_hide_what_is_sensitive(fab):
    code, said = fab("show_outputs")
    assert (code, said) == (0, {"log_group": "/shop/small", "hidden": "********"})


def test_what_was_changed_by_hand_is_found_and_no_secret_shown(fab):
    client("secretsmanager").put_secret_value(SecretId="shop-small/DB_PASSWORD", SecretString="by-hand-0815")
    client("logs").put_retention_policy(logGroupName="/shop/small", retentionInDays=1)
    client("s3").delete_bucket(Bucket="shop-small-files")
    code, said = fab("show_drift")
    found = {each["address"]: each for each in said["drift"]}
    assert code == 2
    assert found["aws_s3_bucket.this"]["how"] == "deleted by hand"
    assert found["aws_cloudwatch_log_group.this"]["details"] == ["retention_in_days: 90 is now 1"]
    assert 'module.secrets.aws_secretsmanager_secret_version.this["DB_PASSWORD"]' in found
    assert "by-hand-0815" not in json.dumps(said)


def test_an_edited_plan_file_is_refused(here, fab):
    name = plan(fab)["plan"]
    path = workspace(here.loaded).folder / f"{name}.tfplan"
    content = path.read_bytes()
    path.write_bytes(content + b"x")
    code, said = apply(fab, name)
    assert (code, "was edited" in said["text"]) == (3, True), said
    path.write_bytes(content)


def test_a_note_that_says_something_else_than_its_file_is_refused(here, fab):
    note = workspace(here.loaded).folder / f"{plan(fab)['plan']}.json"
    said = json.loads(note.read_text())
    note.write_text(json.dumps(said | {"steps": ["change aws_vpc.this: tags"]}))
    code, refused = apply(fab, "")
    note.write_text(json.dumps(said))
    assert (code, "does something else than what was said of it" in refused["text"]) == (3, True), refused


def test_a_plan_of_other_variables_is_refused(here, fab):
    here.describe(log_days=30)
    code, said = apply(fab, "")
    assert (code, "other variables" in said["text"]) == (3, True), said
    here.describe()


def test_a_plan_of_another_commit_is_refused(here, fab):
    here.git("commit", "-q", "--allow-empty", "-m", "later")
    code, said = apply(fab, "")
    assert (code, "another commit" in said["text"]) == (3, True), said


def test_a_plan_for_an_earlier_state_is_refused(here, fab):
    name = plan(fab)["plan"]
    approved(here, name, number="00000b")
    state = json.loads(client("s3").get_object(Bucket=STATE, Key=KEY)["Body"].read())
    later = state | {"serial": state["serial"] + 1}
    client("s3").put_object(Bucket=STATE, Key=KEY, Body=json.dumps(later).encode())
    code, said = apply(fab, name)
    assert (code, f"the state is serial {later['serial']}" in said["text"]) == (3, True), said


def test_a_lock_of_somebody_else_names_its_holder(fab):
    lock = {"ID": "4711", "Operation": "OperationTypeApply", "Who": "ops@desk", "Version": "1.11.4",
            "Created": "2026-11-24T22:00:00Z", "Path": f"{STATE}/{KEY}", "Info": ""}  # fmt: skip
    client("s3").put_object(Bucket=STATE, Key=f"{KEY}.tflock", Body=json.dumps(lock).encode())
    code, said = fab("make_plan", destroy=False)
    client("s3").delete_object(Bucket=STATE, Key=f"{KEY}.tflock")
    assert (code, said["outcome"]) == (4, "LeaseHeld"), said
    assert "locked by ops@desk for Apply since 2026-11-24 22:00:00" in said["text"]


def test_data_is_destroyed_only_when_somebody_says_so(here, fab):
    said = plan(fab, destroy=True)
    assert {each["action"] for each in said["changes"]} == {"destroy"}
    assert any("aws_kms_key" in each for each in said["loses"])
    name = said["plan"]
    approved(here, name, Verb.DESTROY, number="00000c")
    code, said = apply(fab, name, "destroy")
    assert (code, "loses data" in said["text"]) == (2, True), said
    code, said = apply(fab, name, "infra", destroy_data=True)
    assert (code, "is for infra.destroy" in said["text"]) == (2, True), said
    code, said = apply(fab, name, "destroy", destroy_data=True)
    assert (code, said["outcome"]) == (0, "done"), said
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == [STATE]


def test_a_state_of_a_newer_terraform_is_told(fab):
    state = {
        "version": 4,
        "terraform_version": "99.0.0",
        "serial": 1,
        "lineage": "later",
        "outputs": {},
        "resources": [],
    }
    client("s3").put_object(Bucket=STATE, Key=KEY, Body=json.dumps(state).encode())
    code, said = fab("make_plan", destroy=False)
    assert (code, said["outcome"]) == (2, "BadInput"), said
    assert "99.0.0" in said["text"]


def test_no_terraform_and_another_account_are_told_before_anything_is_touched(here, fab, monkeypatch):
    here.describe(account="999999999999")
    code, said = fab("make_plan", destroy=False)
    assert (code, "of the account 123456789012" in said["text"]) == (2, True), said
    here.describe()
    monkeypatch.setenv("PATH", os.devnull)
    code, said = fab("make_plan", destroy=False)
    assert (code, "no program terraform" in said["text"]) == (2, True), said
