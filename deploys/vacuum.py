"""Vacuum and analyze the databases.

pyinfra inventories/prod.py deploys/vacuum.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.VACUUM), rollout.VACUUM)
