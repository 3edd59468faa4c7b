"""`python -m bench.certificates`: 50 names on 10 endpoints, asked as `fab certificate.status` asks.

Real nginx with ten TLS ports on loopback, five names each. The script of the hosts runs once for each endpoint, all at
once, as it would on ten hosts; here they share one machine. SSH is left out: `fab status` tells what connections cost.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.hosts.certificates import Asked, Question, read_seen
from handrail.hosts.script import Command, read_reply
from handrail.model.certificates import Certificates
from handrail.model.level import Level
from tests.unit.tls.authority import issue, root
from tests.unit.tls.edge import free_port

if TYPE_CHECKING:
    from handrail.model.wire import Seen

ENDPOINTS, NAMES, ROUNDS = 10, 5, 5
TARGET_SECONDS = 2
SERVER = """server {{ listen 127.0.0.1:{port} ssl; server_name {name};
  ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key; }}
"""


def main() -> int:
    """Measure, and print the median."""
    with tempfile.TemporaryDirectory(prefix="handrail-bench-") as name:
        folder = Path(name)
        asked = [_endpoint(folder, number) for number in range(ENDPOINTS)]
        sites = "".join(path.read_text() for path in sorted(folder.glob("*.site")))
        (folder / "nginx.conf").write_text(
            f"user root; pid {folder}/pid; events {{}} http {{ access_log off; {sites} }}"
        )
        nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        subprocess.run(nginx, check=True)
        try:
            seconds = statistics.median(_round(asked) for _ in range(ROUNDS))
        finally:
            subprocess.run([*nginx, "-s", "stop"], check=True, capture_output=True)
    sys.stdout.write(
        f"{ENDPOINTS * NAMES} names on {ENDPOINTS} endpoints: {seconds:.2f} s (target < {TARGET_SECONDS} s)\n"
    )
    return int(seconds >= TARGET_SECONDS)


def _endpoint(folder: Path, number: int) -> Asked:
    port, words, questions = free_port(), [], []
    for index in range(NAMES):
        name = f"n{index}.e{number}.test"
        made = issue(name)
        (folder / f"{name}.pem").write_text(made.cert_pem + made.chain_pem)
        (folder / f"{name}.key").write_text(made.key_pem)
        with (folder / f"{number}.site").open("a") as site:
            site.write(SERVER.format(port=port, name=name, folder=folder))
        words += ["wire", "127.0.0.1", str(port), name]
        questions.append(Question(name, "", 0, index + 1))
    return Asked(tuple(questions), Command(("certificates",), (str(folder), str(folder), *words)))


def _round(asked: list[Asked]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=ENDPOINTS) as pool:
        seen = [each for answers in pool.map(_ask, asked) for each in answers]
    findings = [each.judged(Certificates(), (root().certificate,), datetime.now(UTC)) for each in seen]
    took = time.perf_counter() - began
    if len(findings) != ENDPOINTS * NAMES or any(each.level is not Level.OK for each in findings):
        raise SystemExit(f"not every name is well: {next(each for each in findings if each.level is not Level.OK)}")
    return took


def _ask(asked: Asked) -> list[Seen]:
    done = subprocess.run(asked.command.argv, capture_output=True, text=True, check=False)
    return list(read_seen(read_reply(done.stdout.splitlines()), "here", asked))


if __name__ == "__main__":
    sys.exit(main())
