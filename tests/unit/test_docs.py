"""The pages are true: links lead somewhere, commands exist, examples load, tables are those of the code."""

from __future__ import annotations

import ast
import inspect
import json
import re
import runpy
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from handrail import errors
from handrail.control.inventory import read
from handrail.model import document, maintenance_document, rollout
from handrail.model.happening import EVENTS, PLACE
from handrail.model.schema import json_schema
from handrail.runtimes.container_log import LOG_OPTIONS
from tasks import ns

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROCEDURES = [
    "SVC-01",
    "SVC-02",
    "SVC-03",
    "SVC-04",
    "SVC-05",
    "SVC-06",
    "SVC-07",
    "SVC-08",
    "HLT-01",
    "HLT-02",
    "HLT-03",
    "HLT-04",
    "HLT-05",
    "REL-01",
    "REL-02",
    "REL-03",
    "REL-04",
    "REL-05",
    "REL-06",
    "REL-07",
    "REL-08",
    "CHG-01",
    "CHG-02",
    "CHG-03",
    "CHG-04",
    "MNT-01",
    "INC-11",
    "MNT-02",
    "MNT-03",
    "MNT-04",
    "MNT-05",
    "MNT-06",
    "MNT-07",
    "CRT-01",
    "CRT-02",
    "CRT-03",
    "AWS-01",
    "AWS-02",
    "AWS-03",
    "AWS-04",
    "BAK-07",
    "MON-06",
]
OPTIONS = {
    task: {option for argument in ns[task].get_arguments() for option in argument.names} for task in ns.task_names
}
POSITIONAL = {task: len(ns[task].positional) for task in ns.task_names}


@dataclass(frozen=True)
class Block:
    """A fenced block; `title` is the file that it shows whole."""

    language: str
    title: str
    environment: str
    text: str


def named(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    for match in FENCE.finditer(page.read_text()):
        words = dict(word.split("=", 1) for word in match[3].split() if "=" in word)
        yield Block(match[2], words.get("title", ""), words.get("environment", "prod"), match[4])


def typed(block):
    """Give the commands of a block that shows a terminal."""
    return [line[2:] for line in block.text.splitlines() if block.language == "console" and line.startswith("$ ")]


def prose(page):
    return FENCE.sub("", page.read_text())


def code(page):
    """Give what a reader may copy: fenced shell and code in a line."""
    shell = [line for block in blocks(page) if block.language == "sh" for line in block.text.splitlines()]
    shell += [command for block in blocks(page) for command in typed(block)]
    return [line.split("#")[0].strip() for line in shell] + re.findall(r"`([^`\n]+)`", prose(page))


def commands(page, program):
    """Give the words after a program, up to the end of its command."""
    for line in code(page):
        for part in re.split(r"[;|&>]+", line):
            words = part.split()
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words = words[1:]
            if words[:1] == [program] and len(words) > 1:
                yield words[1:]


def anchors(page):
    """Give the anchors of a page's headings, as they are made where Markdown is shown."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in found}


def rows(text):
    """Give the cells of every table row but the rules and the headings."""
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|") and not re.match(r"\|[-| ]+\|?$", line) and not re.match(r"\|[-| ]+\|$", following):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def section(page, heading):
    text = page.read_text()
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{named(page)} has no section {heading!r}"
    return found[1]


def titled():
    return [(page, block) for page in PAGES for block in blocks(page) if block.title]


def written(page, folder):
    """Put the files that a page shows into a folder."""
    for block in blocks(page):
        if block.title:
            file = folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    for target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{named(page)}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{named(page)}: {target}; there are {sorted(anchors(there))}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_tasks_and_their_options_exist(page):
    for task, *words in commands(page, "fab"):
        if task.startswith("-") or task == "VERB":
            continue
        assert task in OPTIONS, f"{named(page)}: fab {task}"
        given = {word.split("=")[0].strip("-") for word in words if word.startswith("-")}
        assert given <= OPTIONS[task], f"{named(page)}: fab {task} {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_bare_word_after_a_task_is_its_argument(page):
    for task, *words in commands(page, "fab"):
        if task in POSITIONAL and words and not words[0].startswith("-"):
            told_to_fail = "is an error" in page.read_text()
            assert POSITIONAL[task] or told_to_fail, f"{named(page)}: fab {task} {words[0]} would be another task"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_deploy_files_and_folders_exist(page):
    for file in re.findall(r"deploys/(\w+)\.py", page.read_text()):
        assert file == "VERB" or (ROOT / "deploys" / f"{file}.py").is_file(), f"{named(page)}: deploys/{file}.py"
    for path in re.findall(r"`((?:src|tests|lab|tasks|inventories)/[\w/.-]+)`", prose(page)):
        shown = {block.title for block in blocks(page)}
        assert (ROOT / path).exists() or path in shown, f"{named(page)}: {path}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for target, *_ in commands(page, "make"):
        assert target in targets, f"{named(page)}: make {target}"


@pytest.mark.parametrize(
    "block", [block for _, block in titled() if block.language == "yaml"], ids=lambda block: block.title
)
def test_a_system_or_a_window_that_a_page_shows_is_valid(block):
    if block.title.startswith("maintenance/"):
        maintenance_document.parse(block.text, source=block.title)
    else:
        document.parse(block.text, source=block.title, environment=block.environment)


@pytest.mark.parametrize("page", sorted({page for page, block in titled() if block.title.endswith(".py")}), ids=named)
def test_an_inventory_that_a_page_shows_can_be_read(page, tmp_path, monkeypatch):
    written(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    shown = [block.title for block in blocks(page) if re.fullmatch(r"inventories/\w+\.py", block.title)]
    assert shown
    for title in shown:
        inventory = read(Path(title))
        assert all(host["environment"] and host["systems"] for host in inventory.data.values())
        if all((tmp_path / "inventories" / file).exists() for file in next(iter(inventory.data.values()))["systems"]):
            assert inventory.load().environment.all_hosts


@pytest.mark.parametrize(
    ("page", "slips"),
    [
        ("tutorial.md", {"    ports: {": "    port: {"}),
        ("how-to/describe-a-system.md", {"blue: 3000": 'blue: "3000"', "needs: [database]": "needs: [databse]"}),
    ],
)
def test_a_message_that_a_page_shows_is_what_the_slip_gets(page, slips):
    block = next(block for block in blocks(DOCS / page) if block.language == "yaml" and block.title)
    text = block.text
    for right, wrong in slips.items():
        assert right in text
        text = text.replace(right, wrong)
    with pytest.raises(errors.SystemInvalid) as caught:
        document.parse(text, source=block.title, environment=block.environment)
    assert caught.value.message in (DOCS / page).read_text()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_shell_that_a_page_shows_is_shell(page):
    for block in blocks(page):
        text = textwrap.dedent(block.text) if block.language == "sh" else "\n".join(typed(block))
        if text:
            subprocess.run(["sh", "-n", "-c", text], check=True, timeout=10)


def test_the_tutorial_shows_a_whole_system(tmp_path, monkeypatch):
    written(DOCS / "tutorial.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    environment = read(Path("inventories/hello.py")).load().environment
    assert [host.name for host in environment.all_hosts] == ["app1.example.com"]
    assert environment.system.name == "hello"


def test_the_tutorial_builds_its_yaml_from_the_pieces_that_it_shows():
    parts = [block for block in blocks(DOCS / "tutorial.md") if block.language == "yaml"]
    whole = next(block.text for block in parts if block.title)
    for part in parts:
        assert part.text.strip("\n") in whole, part.text


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("The steps of a deploy", rollout.DEPLOY),
        ("The steps of a startup", rollout.STARTUP),
        ("The steps of a shutdown", rollout.SHUTDOWN),
    ],
)
def test_the_steps_are_those_of_the_table(heading, table):
    shown = [tuple(row[:2]) for row in rows(section(DOCS / "explanation" / "how-a-deploy-works.md", heading))]
    assert shown == [(step.title, str(step.on)) for step in table]


def test_the_keys_are_those_of_the_schema():
    page = runpy.run_path(str(DOCS / "generate.py"))["page"]()
    assert (REFERENCE / "system.md").read_text() == page, "make docs"
    assert json.loads((REFERENCE / "system.schema.json").read_text()) == json_schema(), "make docs"


def test_every_definition_of_the_schema_has_a_section():
    told = {definition for definition, _ in runpy.run_path(str(DOCS / "generate.py"))["SECTIONS"]}
    # What has no keys of its own, such as a list of words, stands where it is used.
    mappings = {each for each, found in json_schema()["$defs"].items() if "properties" in found}
    assert told == {each for each in mappings if not each.endswith("Overlay")}


def test_the_exit_codes_are_those_of_the_errors():
    page = REFERENCE / "exit-codes.md"
    told = {row[0].strip("`"): int(row[1]) for row in rows(section(page, "Which error has which code"))}
    known = inspect.getmembers(errors, lambda each: inspect.isclass(each) and issubclass(each, errors.HandrailError))
    assert told == {each: found.exit_code for each, found in known}


@pytest.mark.parametrize("task", sorted(OPTIONS))
def test_every_task_and_option_is_in_the_reference(task):
    text = section(REFERENCE / "commands.md", task)
    missing = [
        option for option in OPTIONS[task] if len(option) > 1 and option != "service" and f"--{option}" not in text
    ]
    assert not missing


def test_the_events_are_those_of_the_table():
    told = [row for row in rows((REFERENCE / "notifications.md").read_text()) if len(row) == 4]
    shown = [(row[0].strip("`"), row[1], tuple(re.findall(r"`(\w+)`", row[3]))) for row in told]
    known = [
        (str(event), str(form.level), tuple(fact for fact in form.facts if fact not in PLACE))
        for event, form in EVENTS.items()
    ]
    assert shown == known


def test_every_make_target_is_in_the_reference():
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    text = section(REFERENCE / "commands.md", "make")
    assert [target for target in targets if target != "help" and f"`make {target}" not in text] == []


def test_the_procedures_are_all_there():
    assert list(dict.fromkeys(row[0] for row in rows((DOCS / "procedures.md").read_text()))) == PROCEDURES


@pytest.mark.parametrize("row", list(rows((DOCS / "procedures.md").read_text())), ids=lambda row: row[0])
def test_a_procedure_names_a_command_and_a_test_that_exist(row):
    command, test = (cell.strip("`") for cell in row[2:4])
    program, task = command.split()[:2]
    assert program == "fab"
    assert task in OPTIONS
    if test == "none yet":
        return
    path, _, function = test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", ["docs/how-to/logrotate.md", "docs/procedures.md", "inventories/inventory.yaml"])
def test_how_much_docker_keeps_of_what_a_container_prints_is_told(page):
    size, count = (int(LOG_OPTIONS[key].rstrip("m")) for key in ("max-size", "max-file"))
    assert f"{size * count} MB of each container" in (ROOT / page).read_text()


@pytest.mark.parametrize(
    ("system", "path"), [("vendhub", "/health/ready"), ("inventory", "/api/health"), ("marketplace", "/api/health")]
)
def test_an_endpoint_that_the_procedures_call_a_smoke_test_is_one(system, path):
    told = next(row for row in rows((DOCS / "procedures.md").read_text()) if f"{path}: a smoke test" in row[1])
    assert told[2].startswith("`fab deploy ")
    text = (ROOT / "inventories" / f"{system}.yaml").read_text()
    smoke = document.parse(text, source=f"{system}.yaml", environment="prod").release.smoke
    assert path in {each.path for each in smoke}


def test_every_decision_is_listed_and_has_its_three_parts():
    folder = DOCS / "decisions"
    pages = sorted(page for page in folder.glob("*.md") if page.name != "README.md")
    assert [page.name for page in pages] == re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    for page in pages:
        assert re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE) == ["Context", "Choice", "Price"], page.name


def test_every_page_can_be_reached_from_the_readme():
    seen, coming = set(), [ROOT / "README.md"]
    while coming:
        page = coming.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        coming += [(page.parent / target.split("#")[0]).resolve() for target in LINK.findall(prose(page))]
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} <= seen


def test_the_readme_has_a_place_for_figures():
    text = (ROOT / "README.md").read_text()
    assert text.index("<!-- bench -->") < text.index("<!-- /bench -->")
