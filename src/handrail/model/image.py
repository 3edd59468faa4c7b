"""Where the image of a containerised service comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from handrail.model.notation import Directory, Text
from handrail.model.placeholder import fill
from handrail.model.value import Value, unfit

if TYPE_CHECKING:
    from typing import Self

# The reference grammar of the OCI distribution specification, with ${version} where a tag or a digest may stand.
_COMPONENT = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_TAG = r"(?:[A-Za-z0-9_.-]|\$\{version\})+"
Reference = Annotated[
    str,
    Text(
        rf"(?:[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?/)?{_COMPONENT}(?:/{_COMPONENT})*(?::{_TAG})?(?:@sha256:[0-9a-f]{{64}})?",
        "an image such as registry.example.com/api:${version}",
    ),
]


class Image(Value):
    """Exactly one of the three. Whatever it is, it is on the host before the idle slot is touched."""

    build: Directory | None = Field(default=None, description="Directory of the artifact with its Dockerfile.")
    archive: Directory | None = Field(default=None, description="File of the artifact that `docker save` wrote.")
    registry: Reference | None = Field(default=None, description="Image to pull; may hold ${version}.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("build", "archive", "registry") if getattr(self, name) is not None]
        if len(given) != 1:
            raise unfit("exactly one of build, archive, registry", found=" and ".join(given) or "none of them")
        return self

    def reference(self, version: str) -> str:
        """Say which image to pull for a version."""
        return fill(self.registry or "", {"version": version})
