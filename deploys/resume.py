"""Resume traffic that was held.

pyinfra inventories/prod.py deploys/resume.py
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.RESUME), rollout.RESUME)
