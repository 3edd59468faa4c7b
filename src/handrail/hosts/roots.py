"""Which authorities are known on the operator's machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import certifi

from handrail.errors import BadInput
from handrail.model.chain import bundle

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from handrail.model.system import System


def known_roots(system: System, base: Path) -> tuple[Certificate, ...]:
    """Read the CA certificates that are known here: Mozilla's, and those of the description."""
    files = [Path(certifi.where())]
    if system.certificates.ca:
        files.append(base / system.certificates.ca)
    try:
        return bundle(file.read_text() for file in files)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{files[-1]} holds no CA certificates: {error}", next_step="correct certificates.ca in the YAML"
        ) from None
