"""Put the host that an update left out of traffic back into it, once it is well.

pyinfra inventories/prod.py deploys/back.py --data limit=web1
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.BACK), rollout.BACK)
