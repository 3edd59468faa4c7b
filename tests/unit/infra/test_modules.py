"""The Terraform files themselves: formatted, valid, what their own tests say, and that the YAML fits them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.model.aws_variables import variables
from tests.unit.infra import cloud

ROOT = Path(__file__).parents[3]
TERRAFORM = ROOT / "terraform"
# The module of a whole system is tested with each environment.
TESTED = sorted({path.parts[-3] for path in TERRAFORM.glob("modules/*/tests/*.tftest.hcl")} - {"system"})
SECRETS = json.dumps({"DB_PASSWORD": "planted-4711", "REDIS_PASSWORD": "planted-4712"})
pytestmark = [pytest.mark.aws, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run Terraform on a copy, with one provider for all."""
    cloud.needed()
    folder = tmp_path_factory.mktemp("terraform")
    copy = folder / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*"))
    with cloud.provider(cloud.variables(9), folder / "provider") as attached:
        told = {**os.environ, **attached, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_VAR_secrets": SECRETS}

        def run(folder, *words):
            done = subprocess.run(
                ["terraform", *words], cwd=copy / folder, env=told, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{folder}: terraform {' '.join(words)}\n{done.stdout}\n{done.stderr}"

        yield run


def test_every_root_is_valid_and_formatted(run):
    run(".", "fmt", "-check", "-recursive", "-diff")
    # They are alike to the letter, as test_description.py says: what is valid for one is for all.
    run("roots/prod", "init", "-backend=false", "-input=false", "-no-color")
    run("roots/prod", "validate", "-no-color")


@pytest.mark.parametrize("module", TESTED)
def test_a_module_passes_its_own_tests(run, module):
    run(f"modules/{module}", "init", "-backend=false", "-input=false", "-no-color")
    run(f"modules/{module}", "test", "-no-color")


@pytest.mark.parametrize("environment", ["prod", "staging", "dev", "dr", "aws"])
def test_what_the_yaml_says_of_an_environment_fits_all_modules(run, environment, tmp_path):
    told = variables(read(ROOT / f"inventories/{environment}.py").load().environment)
    file = tmp_path / "variables.tfvars.json"
    file.write_text(json.dumps(told))
    run("modules/system", "init", "-backend=false", "-input=false", "-no-color")
    run("modules/system", "test", "-no-color", f"-var-file={file}")
