"""ssh-keygen: how it is started."""

from __future__ import annotations

import os

from handrail.errors import BadInput

# What a signature is for is part of it: one that was made for git commits approves nothing here.
NAMESPACE = "handrail"


def environment() -> dict[str, str]:
    """Give ssh-keygen this process's environment, without windows that ask for a passphrase."""
    return os.environ | {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


def missing() -> BadInput:
    """Say that it is not there."""
    return BadInput("there is no ssh-keygen", next_step="apt-get install openssh-client")
