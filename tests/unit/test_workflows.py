"""The workflows fit GitHub's and GitLab's schemas, obey our own rules, and their scripts do what they say."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tasks import ns
from tests.unit import workflow_rules as rules

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FAB = ROOT / ".github" / "workflows" / "fab.yml"
GITLAB = ROOT / "docs" / "examples" / "gitlab-ci.yml"
SUMMARY = ROOT / ".github" / "summary.py"
HOSTILE = [
    "$(touch broken)",
    "`touch broken`",
    "1.0; touch broken",
    "--yes",
    "a b",
    "../../etc",
    "'",
    "1.0\nBAD=1",
    "é",
]


def named(path):
    return path.name


def gitlab_scripts():
    for name, job in yaml.safe_load(GITLAB.read_text()).items():
        if isinstance(job, dict) and "script" in job:
            yield name, "\n".join(job["script"])


def all_scripts():
    found = [(f"{path.name}: {name}", text) for path in WORKFLOWS for name, text in rules.scripts(path.read_text())]
    return found + [(f"gitlab: {name}", text) for name, text in gitlab_scripts()]


SCRIPTS = all_scripts()


def fits(schema, *files):
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)


def step(name):
    """Give the script of a step of a run."""
    return dict(rules.scripts(FAB.read_text()))[name]


def bash(script, folder, **environment):
    """Run a script as the runner does."""
    base = {"PATH": os.environ["PATH"], "HOME": str(folder), "RUNNER_TEMP": str(folder / "temp")}
    base |= {"GITHUB_ENV": str(folder / "env")}
    (folder / "temp").mkdir(exist_ok=True)
    file = folder / "temp" / "step.sh"
    file.write_text(script)
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
    return subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=60, cwd=folder, env=base | environment
    )


def test_the_workflows_fit_the_schema_of_github():
    done = fits("vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout


def test_the_example_fits_the_schema_of_gitlab():
    done = fits("vendor.gitlab-ci", "--data-transform", "gitlab-ci", GITLAB)
    assert done.returncode == 0, done.stdout


def test_a_workflow_with_a_slip_does_not_fit(tmp_path):
    slip = tmp_path / "slip.yml"
    slip.write_text(FAB.read_text().replace("timeout-minutes:", "timeout-minute:"))
    assert fits("vendor.github-workflows", slip).returncode == 1


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_a_workflow_obeys_the_rule(workflow, rule):
    assert list(rule(workflow.read_text())) == []


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (rules.no_expression_in_a_script, 'case "$ACTION" in', 'case "${{ inputs.action }}" in'),
        (rules.no_expression_in_a_script, "version=${RELEASE#v}", "version=${{ github.event.inputs.release }}"),
        (rules.every_job_ends, "    timeout-minutes: 60\n", ""),
        (rules.every_job_ends, "timeout-minutes: 60", "timeout-minutes: 600"),
        (rules.least_permissions, "permissions: {}", "permissions: write-all"),
        (rules.least_permissions, "contents: read", "contents: write"),
        (rules.nothing_is_cut_off, "cancel-in-progress: false", "cancel-in-progress: true"),
        (rules.nothing_is_cut_off, "      cancel-in-progress: false\n", ""),
        (rules.nothing_is_cut_off, "handrail-${{ inputs.system }}-${{ inputs.environment }}\n", "handrail\n"),
        (rules.actions_are_pinned, "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "checkout@v7"),
        (rules.actions_are_pinned, "actions/upload-artifact@", "somebody/upload-artifact@"),
        (rules.actions_are_pinned, "actions/upload-artifact@", "hashicorp/setup-terraform@"),
        (rules.actions_are_pinned, "persist-credentials: false", "persist-credentials: true"),
        (rules.actions_are_pinned, "github.event.repository.default_branch", "github.ref"),
        (rules.secrets_go_by_the_environment, "retention-days: 90", "retention-days: ${{ secrets.DAYS }}"),
        (rules.secrets_go_by_the_environment, "printf '%s\\n' \"$SSH_KEY\" |", '/bin/echo "$SSH_KEY" |'),
        (rules.secrets_go_by_the_environment, '>"$END"', '>"$END" "--store=$HANDRAIL_STORE"'),
    ],
)  # fmt: skip
def test_a_rule_sees_what_breaks_it(rule, right, wrong):
    text = FAB.read_text()
    assert right in text
    assert list(rule(text.replace(right, wrong))) != []


def test_jobs_of_gitlab_that_touch_hosts_are_never_cut_off():
    whole = yaml.safe_load(GITLAB.read_text())
    job = whole[".handrail"]
    assert job["interruptible"] is False
    assert "$ENVIRONMENT" in job["resource_group"]
    assert job["timeout"]
    touching = [name for name in whole if name not in {"stages", "variables", "default", "check", ".handrail"}]
    assert touching == ["staging", "production", "by hand"]
    for name in touching:
        assert whole[name]["extends"] == ".handrail"
        assert not {"script", "timeout", "interruptible", "resource_group"} & set(whole[name])
    assert whole["production"]["rules"][0]["when"] == "manual"


@pytest.mark.parametrize(("name", "script"), SCRIPTS, ids=[name for name, _ in SCRIPTS])
def test_a_script_is_bash(name, script):
    subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=10)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize(("name", "script"), SCRIPTS, ids=[name for name, _ in SCRIPTS])
def test_a_script_passes_shellcheck(name, script):
    words = ["shellcheck", "--shell=bash", "--norc", "-"]
    done = subprocess.run(words, input=script, text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


COMMANDS = [(name, *command) for name, script in SCRIPTS for command in rules.fab_commands(script)]


def test_the_workflows_deploy_roll_back_and_export():
    assert {task for _, task, *_ in COMMANDS} == {"deploy", "rollback", "audit.export"}


@pytest.mark.parametrize(
    ("name", "task", "options", "rest"), COMMANDS, ids=[f"{each[0]}: {each[1]}" for each in COMMANDS]
)
def test_a_command_of_a_script_exists_with_its_options(name, task, options, rest):
    assert task in ns.task_names, f"{name}: fab {task}"
    arguments = ns[task].get_arguments()
    assert options <= {option for argument in arguments for option in argument.names}
    needed = [argument for argument in ns[task].positional if argument not in options]
    assert len(needed) == len(re.findall(r'^ "\$\w+"', rest))
    if task != "audit.export":
        assert {"yes", "json", "change", "emergency", "reason"} <= options


def test_every_secret_that_a_system_names_reaches_the_run():
    named_in_yaml = {
        source["env"]
        for file in (ROOT / "inventories").glob("*.yaml")
        for source in yaml.safe_load(file.read_text()).get("secrets", {}).values()
        if "env" in source
    }
    (run,) = [step for *_, step in rules.steps(FAB.read_text()) if step.get("id") == "run"]
    assert named_in_yaml
    assert named_in_yaml <= set(run["env"])


def test_the_systems_to_choose_from_are_those_that_there_are():
    inputs = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())[True]["workflow_dispatch"]["inputs"]
    files = [yaml.safe_load(file.read_text()) for file in (ROOT / "inventories").glob("*.yaml")]
    names = {file["system"] for file in files if "system" in file}
    assert set(inputs["system"]["options"]) == names
    assert set(yaml.safe_load(GITLAB.read_text())["variables"]["SYSTEM"]["options"]) == names


ASKED = {
    "SYSTEM": "sanvi", "ENVIRONMENT": "prod", "ACTION": "deploy", "RELEASE": "v1.4.2", "CHANGE": "",
    "STORE": "postgresql://journal", "KNOWN_HOSTS": "web1 ssh-ed25519 AAAA",
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    shutil.copytree(ROOT / "inventories", tmp_path / "inventories")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "inventory"),
    [
        ({}, "inventories/prod.py"),
        ({"SYSTEM": "vendhub", "ENVIRONMENT": "staging"}, "inventories/vendhub/staging.py"),
        ({"ACTION": "rollback", "RELEASE": ""}, "inventories/prod.py"),
    ],
)
def test_what_is_asked_for_becomes_an_inventory_and_a_release(workspace, asked, inventory):
    done = bash(step("Read what is asked for"), workspace, **ASKED | asked)
    assert done.returncode == 0, done.stdout
    told = dict(line.split("=", 1) for line in (workspace / "env").read_text().splitlines())
    assert told["HANDRAIL_INVENTORY"] == inventory
    assert told["RELEASE"] == ("" if asked.get("RELEASE") == "" else "1.4.2")


@pytest.mark.parametrize("name", ["SYSTEM", "ENVIRONMENT", "ACTION", "RELEASE", "CHANGE"])
@pytest.mark.parametrize("value", HOSTILE)
def test_what_is_no_name_ends_with_2_and_runs_nothing(workspace, name, value):
    done = bash(step("Read what is asked for"), workspace, **ASKED | {name: value})
    assert (done.returncode, (workspace / "env").exists()) == (2, False)
    assert not (workspace / "broken").exists()
    assert done.stdout.startswith("::error title=Bad input::")


@pytest.mark.parametrize("name", ["STORE", "KNOWN_HOSTS", "RELEASE"])
def test_what_is_missing_ends_with_2(workspace, name):
    assert bash(step("Read what is asked for"), workspace, **ASKED | {name: ""}).returncode == 2


def recorded(folder, **environment):
    """Run the step Run with a `fab` that writes down its words, and give them."""
    fab = folder / ".venv" / "bin" / "fab"
    fab.parent.mkdir(parents=True)
    fab.write_text('#!/bin/sh\nfor word in "$@"; do printf \'%s\\0\' "$word"; done\nexit 3\n')
    fab.chmod(0o755)
    base = dict.fromkeys(("RELEASE", "CHANGE", "EMERGENCY", "REASON"), "") | {"END": str(folder / "end")}
    done = bash(step("Run"), folder, **base | environment)
    assert done.returncode == 3, done.stderr
    return (folder / "end").read_text().split("\0")[:-1]


def test_a_deploy_says_no_more_than_it_was_told(tmp_path):
    assert recorded(tmp_path, ACTION="deploy", RELEASE="1.4.2") == ["deploy", "1.4.2", "--yes", "--json"]


def test_a_rollback_without_a_release_names_none(tmp_path):
    assert recorded(tmp_path, ACTION="rollback") == ["rollback", "--yes", "--json"]


@pytest.mark.parametrize("reason", [*HOSTILE, "--emergency"])
def test_a_reason_stays_one_word_whatever_is_typed(tmp_path, reason):
    words = recorded(
        tmp_path, ACTION="rollback", RELEASE="1.4.1", CHANGE="sanvi-prod-1", EMERGENCY="yes", REASON=reason
    )
    told = [
        "rollback",
        "--release=1.4.1",
        "--yes",
        "--json",
        "--change=sanvi-prod-1",
        "--emergency",
        f"--reason={reason}",
    ]
    assert words == told
    assert not (tmp_path / "broken").exists()


@pytest.fixture
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", str(file)], check=True, timeout=10)
    return file


def test_the_key_goes_to_an_agent_and_into_no_file(tmp_path, key):
    given = {"SSH_KEY": key.read_text(), "KNOWN_HOSTS": "web1 ssh-ed25519 AAAA", "JOURNAL_KEY": ""}
    given["HANDRAIL_JOURNAL_KEY"] = str(tmp_path / "temp" / "journal.key")
    done = bash(step("Load the keys"), tmp_path, **given)
    agent = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    try:
        assert done.returncode == 0, done.stderr
        seen = subprocess.run(
            ["ssh-add", "-L"], check=True, capture_output=True, text=True, env=os.environ | agent, timeout=10
        )
        assert seen.stdout.strip() == key.with_suffix(".pub").read_text().strip()
        secret = key.read_text().splitlines()[2]
        assert not [file for file in tmp_path.rglob("*") if file.is_file() and secret in file.read_text()]
        assert secret not in Path(f"/proc/{agent['SSH_AGENT_PID']}/environ").read_text()
        assert secret not in done.stdout + done.stderr
    finally:
        ended = bash(step("Put the keys away"), tmp_path, **agent)
    assert ended.returncode == 0
    assert subprocess.run(["ssh-add", "-l"], check=False, env=os.environ | agent, timeout=10).returncode == 2


def test_a_journal_key_is_for_the_runner_alone_and_goes_away(tmp_path, key):
    place = tmp_path / "temp" / "journal.key"
    given = {
        "SSH_KEY": key.read_text(),
        "KNOWN_HOSTS": "x",
        "JOURNAL_KEY": "one\ntwo",
        "HANDRAIL_JOURNAL_KEY": str(place),
    }
    bash(step("Load the keys"), tmp_path, **given)
    agent = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    kept = (place.read_text(), place.stat().st_mode & 0o777)
    bash(step("Put the keys away"), tmp_path, **agent)
    assert kept == ("one\ntwo\n", 0o600)
    assert not place.exists()


def test_without_a_key_the_job_ends_with_2(tmp_path):
    assert bash(step("Load the keys"), tmp_path, SSH_KEY="", KNOWN_HOSTS="x", JOURNAL_KEY="").returncode == 2


def shown(folder, end):
    file = folder / "end.json"
    file.write_text(end if isinstance(end, str) else json.dumps(end))
    return subprocess.run([sys.executable, SUMMARY, str(file)], check=True, capture_output=True, text=True, timeout=10)


def test_a_refusal_is_shown_as_refused_by_a_rule(tmp_path):
    done = shown(tmp_path, {"exit_code": 3, "outcome": "Refused", "text": "windows: shut\n  next: fab windows"})
    assert done.stderr == "::error title=Refused by a rule::refused by a rule: windows: shut%0A  next: fab windows\n"
    assert "| means | refused by a rule; nothing was touched |" in done.stdout


def test_a_run_is_shown_with_its_steps(tmp_path):
    event = {"title": "Stage", "outcome": "ok", "seconds": 1.25}
    events = [event | {"host": "web1"}, event | {"host": "web2", "seconds": 2}]
    done = shown(tmp_path, {"exit_code": 0, "outcome": "done", "text": "1.0 -> 1.1", "run": "a1", "events": events})
    assert "| Stage | web1, web2 | ok | 2.0 |" in done.stdout
    assert done.stderr.startswith("::notice title=Done::")


@pytest.mark.parametrize(
    "text", ["a\n::warning::no", "a | b", "<img src=x>", "[a](http://b)", "**b**", "a\r::add-mask::x"]
)
def test_what_a_host_says_is_no_command_and_no_mark_up(tmp_path, text):
    done = shown(tmp_path, {"exit_code": 1, "outcome": "failed", "text": text})
    assert len(done.stderr.splitlines()) == 1
    assert text not in done.stdout
    rows = [line for line in done.stdout.splitlines() if line]
    assert all(line.count("|") == 3 for line in rows)


@pytest.mark.parametrize("end", ["", "[]", "{", '{"exit_code": "0"}', "null"])
def test_no_answer_is_never_shown_as_done(tmp_path, end):
    done = shown(tmp_path, end)
    assert "no answer" in done.stdout
    assert done.stderr.startswith("::error title=Failed::")


def test_every_exit_code_is_explained():
    page = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    told = {int(code) for code in re.findall(r"^\| (\d) \|", page, re.MULTILINE)}
    assert set(runpy.run_path(str(SUMMARY))["MEANS"]) == told
