"""Restart the live release through the idle slot, without dropping a request.

pyinfra inventories/prod.py deploys/restart.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.RESTART), rollout.DEPLOY)
