"""Rehearse a rollback: start the release in the idle slot, measure, and stop it again; traffic does not move.

pyinfra inventories/staging.py deploys/rehearse.py [--data release=1.4.1]
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.REHEARSE), rollout.REHEARSE)
