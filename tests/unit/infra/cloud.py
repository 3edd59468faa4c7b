"""An AWS on this machine: moto's server, the provider started once for all commands, and a system with a small root."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from handrail.control.inventory import read
from tests.gated import Gated
from tests.office import RULES
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
ACCOUNT, REGION, STATE = "123456789012", "ap-south-1", "shop-state"
# Looked for in argv, output, records and files.
PLANTED = "planted-4711-Passw0rd"
VERSION = "5.100.0"
# Where the provider is, if this machine has it: Terraform's own places, and what is installed beside the system.
MIRRORS = (
    Path.home() / ".terraform.d/plugins", Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"), *Path("/opt").glob("*"),
)  # fmt: skip
# A busy machine takes its time to read 700 MB.
START_SECONDS = 120
SMALL = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
  backend "s3" {}
}
variable "system" { type = any }
variable "secrets" {
  type      = map(string)
  sensitive = true
  ephemeral = true
}
provider "aws" {
  region              = var.system.region
  allowed_account_ids = [var.system.account]
  default_tags { tags = { system = var.system.name, environment = var.system.environment, owner = var.system.owner } }
}
module "secrets" {
  source        = "../../modules/secrets"
  name          = "${var.system.name}-${var.system.environment}"
  versions      = var.system.secrets
  values        = var.secrets
  recovery_days = 0
}
resource "aws_vpc" "this" { cidr_block = var.system.network.cidr }
resource "aws_security_group" "this" {
  name   = "shop"
  vpc_id = aws_vpc.this.id
}
resource "aws_cloudwatch_log_group" "this" {
  name              = "/shop/small"
  retention_in_days = var.system.log_days
}
resource "aws_s3_bucket" "this" { bucket = "shop-small-files" }
output "log_group" { value = aws_cloudwatch_log_group.this.name }
output "hidden" {
  value     = "of nobody's business"
  sensitive = true
}
"""


def needed():
    """Skip where there is no Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on the PATH")


def configured():
    """Give the folders that Terraform's own configuration names."""
    path = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    text = path.read_text() if path.is_file() else ""
    return [Path(folder) for folder in re.findall(r'^\s*path\s*=\s*"([^"]+)"', text, re.MULTILINE)]


def binary(folder):
    """Find the provider on this machine, or have Terraform fetch it, or skip."""
    here = f"*/hashicorp/aws/{VERSION}/*/terraform-provider-aws_*"
    found = [each for mirror in (*configured(), *MIRRORS) for each in mirror.glob(here)]
    if not found:
        folder.mkdir()
        wanted = f'aws = {{ source = "hashicorp/aws", version = "{VERSION}" }}'
        (folder / "main.tf").write_text(f"terraform {{\n  required_providers {{\n    {wanted}\n  }}\n}}\n")
        words = ["terraform", "init", "-input=false", "-no-color"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        found = list(folder.glob(f".terraform/providers/{here}"))
        if not found:
            pytest.skip(f"the provider is not here, and cannot be fetched: {done.stderr[-300:]}")
    return found[0]


def variables(port):
    """Give the environment of everything that talks to moto."""
    return {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
        # moto answers what it has not with a 500, which would be tried again for many minutes.
        "AWS_MAX_ATTEMPTS": "1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_REGION": REGION,
    }  # fmt: skip


@contextmanager
def moto():
    """Run moto's server, and give its port."""
    port = free_port()
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: _listens(port), "moto's server")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def provider(environment, folder):
    """Start the provider once, and give the variable by which every Terraform uses it: each start takes seconds."""
    program = binary(folder)
    process = subprocess.Popen(
        [str(program), "-debug"],
        env={**os.environ, **environment, "TF_LOG": "ERROR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout), daemon=True)
    reader.start()
    try:
        _until(lambda: any("TF_REATTACH_PROVIDERS='" in line for line in said), "the provider")
        yield {"TF_REATTACH_PROVIDERS": re.search(r"TF_REATTACH_PROVIDERS='(.*)'", "".join(said))[1]}
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until(there, what):
    deadline = time.monotonic() + START_SECONDS
    while not there():
        assert time.monotonic() < deadline, f"{what} did not start"
        time.sleep(0.1)


def _listens(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Shop(Gated):
    """A system with a small root module, whose changes one CTO approves."""

    def __init__(self, folder, keys):
        self.yaml = folder / "inventories" / "shop.yaml"
        self.folder_of_all = folder
        root = folder / "terraform" / "roots" / "small"
        root.mkdir(parents=True)
        self.yaml.parent.mkdir()
        (root / "main.tf").write_text(SMALL)
        shutil.copytree(ROOT / "terraform/modules/secrets", folder / "terraform/modules/secrets")
        groups = '[("one.example.com", {"environment": "small", "systems": ("shop.yaml",)})]'
        (folder / "inventories/small.py").write_text(f"edge = web = db = {groups}\n")
        self.describe()
        (folder / ".gitignore").write_text(".handrail/\n.terraform*\nchanges/\n")
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "shop"]):
            self.git(*words)
        super().__init__(folder / "inventories/small.py", keys)

    def git(self, *words):
        who = ["-c", "user.name=shop", "-c", "user.email=shop@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(self.folder_of_all), *who, *words], check=True)

    def describe(self, **aws):
        """Write the YAML, with this laid over its AWS part."""
        sanvi = yaml.safe_load((ROOT / "inventories/sanvi.yaml").read_text())
        kept = {name: sanvi[name] for name in ("services", "datastores", "edge", "release", "thresholds")}
        kept["aws"] = sanvi["aws"] | {"state": {"bucket": STATE}, "region": REGION} | aws
        rules = {name: rule for name, rule in RULES.items() if name != "emergency"}
        kept["changes"] = rules | {"normal": {"approvals": {"CTO": 1}}}
        kept["secrets"] = {"DB_PASSWORD": {"env": "SHOP_PASSWORD"}, "REDIS_PASSWORD": {"env": "SHOP_PASSWORD"}}
        self.yaml.write_text(json.dumps({"system": "shop", **kept, "environments": {"small": {}}}, default=str))

    def load(self):
        """Read it again."""
        self.loaded = read(self.inventory).load()
        return self.loaded
