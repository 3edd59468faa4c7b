"""Start the whole system in the order of its needs.

pyinfra inventories/prod.py deploys/startup.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.STARTUP), rollout.STARTUP)
