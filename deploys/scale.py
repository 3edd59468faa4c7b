"""Run another number of instances of a service on each of its hosts.

pyinfra inventories/prod.py deploys/scale.py --data service=api --data count=3
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.SCALE), rollout.SCALE)
