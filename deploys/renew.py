"""Have a certificate issued by ACME, then do as deploys/certificate.py does. Whether it is due is not asked.

pyinfra inventories/prod.py deploys/renew.py --data certificate=shop
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.RENEW), rollout.RENEW)
