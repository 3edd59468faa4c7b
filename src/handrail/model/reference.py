"""Names in a description that must be the name of something else in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handrail.model import placeholder
from handrail.model.branch import at, texts
from handrail.model.finding import Finding, near, unknown
from handrail.model.notation import SECRET_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.finding import Path


def needs(data: Any) -> Iterator[Finding]:
    """Find what is needed and is not there."""
    services = at(data, "services")
    known = [*services, *at(data, "datastores")]
    for name in services:
        listed = at(services, name).get("needs")
        for index, need in enumerate(listed if isinstance(listed, tuple) else ()):
            if isinstance(need, str) and need not in known:
                yield unknown(("services", name, "needs", index), need, known, what="a service or a datastore")


def services(data: Any) -> Iterator[Finding]:
    """Find services that the edge or the migration names and that are not there."""
    known = at(data, "services")
    for prefix, service in at(data, "edge", "paths").items():
        if isinstance(service, str) and service not in known:
            yield unknown(("edge", "paths", prefix), service, known, what="a service")
    migrates = at(data, "release", "migrate").get("service")
    if isinstance(migrates, str) and migrates not in known:
        yield unknown(("release", "migrate", "service"), migrates, known, what="a service")


def secrets(data: Any) -> Iterator[Finding]:
    """Find references to secrets that have no entry. What does not look like a name is not repeated: it may be one."""
    known = at(data, "secrets")
    for path, reference in _references(data):
        if isinstance(reference, str) and re.fullmatch(SECRET_NAME, reference) and reference not in known:
            yield unknown(path, reference, known, what="an entry under secrets")


def _references(data: Any) -> Iterator[tuple[Path, Any]]:
    for name in at(data, "services"):
        for variable, value in at(data, "services", name, "environment").items():
            where: Path = ("services", name, "environment", variable)
            if isinstance(value, dict) and len(value) == 1:
                yield (*where, "secret"), value.get("secret")
    for name in at(data, "datastores"):
        yield ("datastores", name, "password", "secret"), at(data, "datastores", name, "password").get("secret")
    yield from _channels(data)


def _channels(data: Any) -> Iterator[tuple[Path, Any]]:
    for name in at(data, "notify", "channels"):
        where: Path = ("notify", "channels", name, "url")
        url = at(data, "notify", "channels", name).get("url")
        if isinstance(url, dict):
            yield (*where, "secret"), url.get("secret")
        for index, each in enumerate(url if isinstance(url, tuple) else ()):
            if isinstance(each, dict):
                yield (*where, index, "secret"), each.get("secret")


def placeholders(data: Any) -> Iterator[Finding]:
    """Find placeholders that nothing fills."""
    for start, inside, known in _filled(data):
        for path, text in texts(inside, start):
            for name in placeholder.names(text):
                if name not in known:
                    close = near(name, known)
                    suggestion = f"${{{close}}}" if close else ""
                    allowed = f"{', '.join(f'${{{each}}}' for each in known)}; $$ is a dollar"
                    yield Finding(path, allowed, placeholder.shown(name), suggestion)


def _filled(data: Any) -> Iterator[tuple[Path, Any, list[str]]]:
    """Walk everything that may have placeholders, with those that it may have."""
    services, datastores = at(data, "services"), at(data, "datastores")
    parts = [f"{name}.{what}" for name in (*services, *datastores) for what in ("address", "port")]
    for name in services:
        inside = at(services, name).get("environment")
        yield ("services", name, "environment"), inside, ["port", "slot", "version", "host", *parts]
    release = at(data, "release")
    yield ("release", "artifact"), release.get("artifact"), ["version"]
    yield ("release", "sha256"), release.get("sha256"), ["artifact", "version"]
    yield ("release", "smoke"), release.get("smoke"), ["slot", "version"]
    yield ("release", "version", "contains"), at(release, "version").get("contains"), ["version"]
