"""Put a certificate on every edge and prove that it is served; where it is not, the old one comes back everywhere.

pyinfra inventories/prod.py deploys/certificate.py --data certificate=shop --data cert=shop.pem --data key=shop.key
"""

from handrail.model import rollout
from handrail.model.intent import Verb
from handrail.orchestration.execute import execute
from handrail.orchestration.session import session

execute(session(Verb.CERTIFICATE), rollout.CERTIFICATE)
