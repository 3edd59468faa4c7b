"""Hold traffic: requests get the hold page.

pyinfra inventories/prod.py deploys/hold.py --data message='Back at 14:00'
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.HOLD), rollout.HOLD)
