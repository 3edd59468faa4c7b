"""Fail over to the database's replica on RDS: everything before the promotion goes back by itself, nothing after it.

pyinfra inventories/aws.py deploys/promote.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.PROMOTE), rollout.PROMOTE)
