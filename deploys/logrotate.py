"""Install log rotation on all hosts, and rotate now when told to.

pyinfra inventories/prod.py deploys/logrotate.py [--data force=yes]
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.LOGROTATE), rollout.LOGROTATE)
