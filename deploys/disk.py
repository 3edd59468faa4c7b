"""Free the disks of all hosts: what `fab disk` names, and nothing else.

pyinfra inventories/prod.py deploys/disk.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.DISK), rollout.DISK)
