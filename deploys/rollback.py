"""Roll back to the last good release, or to a named one.

pyinfra inventories/prod.py deploys/rollback.py [--data release=1.4.1]
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.ROLLBACK), rollout.DEPLOY)
