"""What tests of more than one file need."""

from tests.unit.ecs.amazon import site  # noqa: F401  # a fixture
from tests.unit.infra.conftest import keys  # noqa: F401  # likewise
