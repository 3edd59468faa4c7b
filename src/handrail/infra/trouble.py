"""What Terraform complains of, as the error that it is for us.

It tells apart by text alone a lock that is held, a state of a newer version and a stale plan; exit codes do not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handrail.errors import BadInput, HandrailError, LeaseHeld, Refused
from handrail.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.infra.attended import Ended
    from handrail.secrets import Secret

_FIELD = re.compile(r"^\s*[│]?\s*(ID|Who|Operation|Created):\s+(\S.*?)\s*$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LETTERS = 2000
NEWER = re.compile(
    r"newer than\s+current|created by a newer version|state snapshot was created by|Unsupported Terraform Core version"
)
NO_BUCKET = re.compile(r"S3 bucket \S+ does not exist|NoSuchBucket")
# What AWS says of a role that may too little, or of credentials that have run out.
DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|ExpiredToken|InvalidClientTokenId|not authorized to perform")


def trouble(ended: Ended, secrets: Mapping[str, Secret], *, touched: bool = False) -> HandrailError:
    """Give the error of a command that failed; `touched` says whether it had begun to change anything."""
    text = masked(_text(ended), secrets)
    after = "" if touched else "; nothing was touched"
    if "acquiring the state lock" in text:
        return _held(text)
    if NEWER.search(text):
        return BadInput(f"{_first(text)}{after}", next_step="terraform version; install the newer one, then again")
    if "errored.tfstate" in text:
        return HandrailError(
            f"Terraform could not write its state down: {_first(text)}",
            next_step="in the root module: terraform state push errored.tfstate; then remove that file",
        )
    if re.search(r"[Ss]aved plan is stale|plan file can no longer be applied", text):
        return Refused(f"the state has changed since the plan was made{after}", next_step="fab infra.plan")
    if not touched and NO_BUCKET.search(text):
        return BadInput(f"{_first(text)}{after}", next_step="make the bucket of aws.state; docs/how-to/infra.md")
    if not touched and DENIED.search(text):
        return BadInput(f"{_first(text)}{after}", next_step="aws sts get-caller-identity; ask for that permission")
    if ended.interrupted:
        return HandrailError(
            f"stopped{after}: {_first(text) or 'by you, or by the deadline'}", next_step="fab infra.plan"
        )
    return HandrailError(
        f"Terraform: {_first(text) or f'ended with {ended.code}'}{after}", next_step="mend that, then fab infra.plan"
    )


def _held(text: str) -> LeaseHeld:
    found = dict(_FIELD.findall(text))
    who, lock = found.get("Who", "somebody"), found.get("ID", "ID")
    what = f" for {found['Operation'].removeprefix('OperationType')}" if "Operation" in found else ""
    since = f" since {found['Created']}" if "Created" in found else ""
    return LeaseHeld(
        f"the state is locked by {who}{what}{since}; nothing was touched",
        next_step=f"wait for them; if they are gone for good: terraform force-unlock {lock}, in the root module",
    )


def _text(ended: Ended) -> str:
    said = [
        f"{each['diagnostic'].get('summary', '')}: {each['diagnostic'].get('detail', '')}"
        for each in ended.troubles
        if each.get("diagnostic", {}).get("severity") == "error"
    ]
    return _COLOUR.sub("", "\n".join(said) or ended.errors)[:LETTERS]


def _first(text: str) -> str:
    """Give the complaint itself on one line: without the frame that Terraform draws, and without what follows it."""
    lines = [line.strip(" │╷╵") for line in text.splitlines()]
    told = [line.removeprefix("Error: ") for line in lines if line]
    return " ".join(told)[:600]
