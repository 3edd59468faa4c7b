"""What every workflow must obey beside the schema: each rule takes a workflow's text and gives what is wrong."""

from __future__ import annotations

import re

import yaml

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
SECRET = re.compile(r"\bsecrets\b")
PINNED = re.compile(r"actions/[a-z-]+@[0-9a-f]{40}")
# It may be where no secret is.
TERRAFORM = re.compile(r"hashicorp/setup-terraform@[0-9a-f]{40}")
# Builtins of bash: what they are given is in no list of processes.
BUILTIN = re.compile(r"^\s*(if )?(printf |\[\[ )")


def read(text):
    return yaml.safe_load(text)


def jobs(text):
    return read(text)["jobs"].items()


def calls(job):
    """Whether a job is another workflow of this repository, which has the rules of its own."""
    return job.get("uses", "").startswith("./.github/workflows/")


def steps(text):
    for name, job in jobs(text):
        for step in job.get("steps", ()):
            yield name, job, step


def scripts(text):
    """Give each `run:` with the name of its step."""
    return [(step.get("name", name), step["run"]) for name, _, step in steps(text) if "run" in step]


def no_expression_in_a_script(text):
    # The expression would be put into the script before the shell reads it: what somebody typed would be run.
    for name, script in scripts(text):
        if EXPRESSION.search(script):
            yield f"{name}: ${{{{ }}}} in run"


def every_job_ends(text):
    for name, job in jobs(text):
        if not calls(job) and not 0 < job.get("timeout-minutes", 0) <= 60:
            yield f"{name}: no timeout-minutes"


def least_permissions(text):
    if read(text).get("permissions") != {}:
        yield "the workflow does not begin without permissions"
    for name, job in jobs(text):
        if job.get("permissions") != {"contents": "read"}:
            yield f"{name}: permissions other than to read"


def nothing_is_cut_off(text):
    found = [("workflow", read(text)), *jobs(text)]
    for name, each in found:
        concurrency = each.get("concurrency")
        if concurrency is not None and (
            isinstance(concurrency, str) or concurrency.get("cancel-in-progress") is not False
        ):
            yield f"{name}: concurrency that may cancel"
    for name, job in jobs(text):
        if "environment" in job and "inputs.environment" not in job.get("concurrency", {}).get("group", ""):
            yield f"{name}: no concurrency group for its environment"


def actions_are_pinned(text):
    known = (PINNED,) if any(SECRET.search(each) for each in EXPRESSION.findall(text)) else (PINNED, TERRAFORM)
    for _, job, step in steps(text):
        if "uses" in step and not any(each.fullmatch(step["uses"]) for each in known):
            yield f"{step['uses']} is not GitHub's own, pinned by commit"
        if (
            step.get("uses", "").startswith("actions/checkout@")
            and step["with"].get("persist-credentials") is not False
        ):
            yield "checkout leaves its token behind"
        if (
            "environment" in job
            and "checkout@" in step.get("uses", "")
            and "default_branch" not in step["with"].get("ref", "")
        ):
            yield "the rules are not those of the default branch"


def secrets_go_by_the_environment(text):
    whole = read(text)
    for name, job in whole["jobs"].items():
        if job.pop("secrets", "inherit") != "inherit":
            yield f"{name}: secrets"
        hidden = set()
        for step in job.get("steps", ()):
            hidden |= {key for key, value in step.pop("env", {}).items() if SECRET.search(str(value))}
            for line in step.get("run", "").splitlines():
                shown = [key for key in hidden if re.search(rf"\$\{{?{key}\b", line)]
                if shown and not BUILTIN.match(line):
                    yield f"{name}: {', '.join(shown)} in {line.strip()}"
    if any(SECRET.search(found) for found in EXPRESSION.findall(yaml.safe_dump(whole))):
        yield "a secret elsewhere than in the env of a step"


RULES = (
    no_expression_in_a_script,
    every_job_ends,
    least_permissions,
    nothing_is_cut_off,
    actions_are_pinned,
    secrets_go_by_the_environment,
)


def fab_commands(script):
    """Give the task and the options of each `fab` in a script."""
    whole = re.sub(r"\\\n\s*", " ", script)
    for line in whole.splitlines():
        found = re.match(r"\s*(?:exec )?fab ([a-z][\w.-]*)(.*)", line)
        if found:
            yield found[1], set(re.findall(r"""(?:^|[\s"'+])--([a-z][a-z-]*)""", found[2])), found[2]
