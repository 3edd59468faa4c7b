"""Deploy a release blue-green.

pyinfra inventories/prod.py deploys/deploy.py --data release=1.4.2
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.DEPLOY), rollout.DEPLOY)
