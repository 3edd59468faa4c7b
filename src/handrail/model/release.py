"""A release: a version of the system, as one artifact with a digest."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from handrail.model.duration import SomeTime
from handrail.model.notation import Command, Header, Line, Name, Status, Text, UrlPath, Whole
from handrail.model.placeholder import fill
from handrail.model.slot import Slot
from handrail.model.value import Value, unfit

_PIECE = r"(?:[A-Za-z0-9._~+@%=/-]|\$\{[a-z.]+\})+"
_URL_TAIL = r"(?:[A-Za-z0-9._~+@%=/?&:-]|\$\{[a-z.]+\})+"
_PLACE = (
    rf"https?://[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/{_URL_TAIL}"
    rf"|s3://[a-z0-9.-]+/{_PIECE}|file:///{_PIECE}|(?![A-Za-z0-9]*://){_PIECE}"
)
PLACE_ALLOWED = "a path, file:///…, http(s)://… without a user, or s3://bucket/…; no spaces or quotes"

Place = Annotated[str, Text(_PLACE, PLACE_ALLOWED)]
Digest = Annotated[str, Text(rf"[0-9a-f]{{64}}|{_PLACE}", f"64 hexadecimal digits, or {PLACE_ALLOWED}")]
# A path with placeholders in it; `UrlPath` is what comes out when they are filled.
PathWithPlaceholders = Annotated[
    str,
    Text(
        r"/(?!.*(?:^|/)\.\.(?:/|\?|$))(?:[A-Za-z0-9._~%+,=:@&/?-]|\$\{[a-z.]+\})*",
        "a path that begins with /, without .. or spaces",
    ),
]


class Migrate(Value):
    """A command that changes the data's shape, run once before the cutover."""

    service: Name = Field(description="Service whose directory and environment it runs with.")
    command: Command = Field(description="The command; running it twice must do no harm.")
    deadline: SomeTime = Field(default=timedelta(minutes=5), description="How long it may take.")


class Smoke(Value):
    """One question asked through the edge after the cutover."""

    path: PathWithPlaceholders = Field(description="Path to ask for.")
    status: Status = Field(default=200, description="Status that is expected.")
    contains: Line | None = Field(default=None, description="Text that the answer must contain.")

    def filled(self, values: Mapping[str, str]) -> Self:
        """Put the version and the slot in."""
        contains = None if self.contains is None else fill(self.contains, values)
        return self.model_copy(update={"path": fill(self.path, values), "contains": contains})


class Version(Value):
    """How the release that is served can be told through the edge."""

    path: UrlPath = Field(description="Path to ask for.")
    header: Header | None = Field(default=None, description="Response header whose value is the version.")
    contains: Line | None = Field(default=None, description="Text with ${version} that the answer contains.")

    @model_validator(mode="after")
    def _one_mark(self) -> Self:
        if (self.header is None) == (self.contains is None):
            raise unfit("exactly one of header, contains", found="none of them" if self.header is None else "both")
        if self.contains is not None and "${version}" not in self.contains:
            raise unfit("a text with ${version} in contains: else every release looks the same")
        return self


class Release(Value):
    """Where releases come from and what is done with one."""

    artifact: Place = Field(description="The release as one archive: a path relative to this document, or a URL.")
    sha256: Digest = Field(
        default="${artifact}.sha256", description="Its SHA-256: a place of the same kinds, or 64 digits."
    )
    build: tuple[Command, ...] = Field(default=(), description="Commands run in the unpacked release on each host.")
    backup: bool = Field(
        default=False,
        description="Whether a deploy of a release that is new to the hosts dumps every database before it migrates.",
    )
    migrate: Migrate | None = Field(default=None, description="Migration of the data, run once.")
    smoke: tuple[Smoke, ...] = Field(default=(), description="Questions asked through the edge after the cutover.")
    version: Version = Field(description="How the release that is served can be told through the edge.")
    keep: Annotated[int, Whole(2, 1000)] = Field(default=5, description="Good releases kept on each host.")

    def artifact_of(self, version: str) -> str:
        """Say where the artifact of a version is."""
        return fill(self.artifact, {"version": version})

    def sha256_of(self, version: str) -> str:
        """Say where the digest of a version is, or what it is."""
        return fill(self.sha256, {"version": version, "artifact": self.artifact_of(version)})

    def smoke_of(self, version: str, slot: Slot) -> tuple[Smoke, ...]:
        """List the questions to ask once the slot serves the version."""
        return tuple(smoke.filled({"version": version, "slot": slot.value}) for smoke in self.smoke)
