"""Back up: dump every PostgreSQL database of the system, and prove that the dumps can be read.

pyinfra inventories/prod.py deploys/backup.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.BACKUP), rollout.BACKUP)
