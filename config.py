"""What pyinfra reads before an inventory, when it runs in this directory."""

from pyinfra import config

from handrail.journal import recorder

# Order of operations, exit codes and phases were checked with this version; see docs/decisions/.
config.REQUIRE_PYINFRA_VERSION = "~=3.10.0"

# A host that does not answer its SSH port by then is called unreachable; seconds.
config.CONNECT_TIMEOUT = 10

# The journal is opened by a process of its own, while pyinfra reads the inventory and connects.
recorder.start()
