"""Update packages, one host after the other; the first that fails is the last.

pyinfra inventories/prod.py deploys/update.py [--data all=yes] [--data limit=web1] [--data reboot=yes]
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.UPDATE), rollout.UPDATE)
