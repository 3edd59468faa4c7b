"""A release by its version and the digest of its artifact, as hosts name it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handrail.errors import BadInput, ReleaseUnknown

# Versions become directory names and parts of addresses: what git tags and semantic versions need, and no more.
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")
# Enough of the digest to tell two artifacts of one version apart in a directory name.
DIGEST_LETTERS = 12


def checked_version(text: str) -> str:
    """Give the version back, or refuse what cannot be one."""
    if not VERSION.fullmatch(text):
        raise ReleaseUnknown(
            f"{text!r} is not a version: allowed are up to 64 letters, digits and . + _ -, a letter or digit first",
            next_step="pass a version such as 1.4.2",
        )
    return text


def checked_digest(text: str) -> str:
    """Give the digest back in small letters, or refuse what cannot be one: it becomes a part of paths and of a plan."""
    if not DIGEST.fullmatch(text.lower()):
        raise BadInput(
            f"the digest {text[:80]!r}; allowed: the SHA-256 of the artifact, 64 hexadecimal digits",
            next_step="sha256sum ARTIFACT, or leave --sha256 out where the digest lies beside the artifact",
        )
    return text.lower()


@dataclass(frozen=True)
class Release:
    """What is deployed. `digest` is the SHA-256 of the artifact in hex."""

    version: str
    digest: str

    @property
    def id(self) -> str:
        """The name of its directory on the hosts."""
        return f"{self.version}-{self.digest[:DIGEST_LETTERS]}"


def version_of(release_id: str) -> str:
    """Tell the version from the name of a release's directory; of none, nothing."""
    return release_id[: -(DIGEST_LETTERS + 1)]
