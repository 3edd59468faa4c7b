"""Stop the whole system; the datastores only when asked.

pyinfra inventories/prod.py deploys/shutdown.py [--data with_database=yes]
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.SHUTDOWN), rollout.SHUTDOWN)
