"""ssh-keygen: how it is started."""

from __future__ import annotations

import os

from handrail.errors import BadInput

# What a signature is for is part of it: one that was made for git commits approves nothing here.
NAMESPACE = "handrail"


# Whoever verifies takes the system's own, not what PATH names: that may be anybody's. The second is where pkgsrc, ports
# and Homebrew put it, the third NixOS.
PLACES = ("/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen", "/run/current-system/sw/bin/ssh-keygen")


def of_the_system() -> str:
    """Name the system's ssh-keygen by its whole path. Raises BadInput where there is none."""
    found = next((place for place in PLACES if os.access(place, os.X_OK)), "")
    if not found:
        raise missing()
    return found


def environment() -> dict[str, str]:
    """Give ssh-keygen this process's environment, without windows that ask for a passphrase."""
    return os.environ | {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


def missing() -> BadInput:
    """Say that it is not there."""
    return BadInput("there is no ssh-keygen", next_step="apt-get install openssh-client")
