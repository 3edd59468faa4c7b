"""Edges on loopback for tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from handrail.model.tls import alternative_names
from tests.unit.host_folder import Host
from tests.unit.tls.authority import issue
from tests.unit.tls.edge import Edges


@pytest.fixture
def folder():
    """A folder that nginx's workers can enter, which pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="handrail-") as name:
        yield Path(name)


@pytest.fixture
def edges(folder):
    """Two edges with a placeholder for each certificate."""
    made = Edges(folder)
    for edge in made.all:
        for each in edge.system.edge.tls.certificates.values():
            assert edge.tls("placeholder", each.name, alternative_names(each.names)).outcome.good
    yield made
    made.close()


@pytest.fixture
def issued():
    """Issue certificates by an authority on paper."""
    return issue


@pytest.fixture
def edges_off(folder):
    """A folder of a host on which nothing runs."""
    return Host(folder)
