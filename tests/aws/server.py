"""moto's server in this process, with what moto lacks, and a count of what it is asked."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

# AWS's libraries take a name for whoever uses them from this variable, and tell it with each request.
WHO = "AWS_SDK_UA_APP_ID"
# A deploy that is killed.
KILLED = "deploy-killed"
TOLD = re.compile(r"\bapp/([a-z0-9-]+)")


class Server:
    """The server, and how many questions it was asked, by verb.

    A run tells its verb; Terraform's provider, which runs all the while, asks for `verb`.
    """

    def __init__(self, port=0):
        self.asked, self._lock = Counter(), threading.Lock()
        self.verb = "nobody"
        # Seconds that an answer to a deploy takes that is to be killed, for who has to come in between.
        self.slow = 0.0
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", port, self._count, threaded=True, request_handler=MotoRequestHandler)
        self.port = self._server.server_address[1]

    def _count(self, environ, start_response):
        found = TOLD.search(environ.get("HTTP_USER_AGENT", ""))
        who = found[1] if found else self.verb
        with self._lock:
            self.asked[who] += 1
        if who == KILLED:
            time.sleep(self.slow)
        return self._app(environ, start_response)

    @contextmanager
    def running(self):
        """Answer for as long as it lasts."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
