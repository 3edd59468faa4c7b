"""moto's server in this process, with what moto lacks, and a count of what it is asked."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from io import BytesIO

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

# AWS's libraries take a name for whoever uses them from this variable, and tell it with each request.
WHO = "AWS_SDK_UA_APP_ID"
# A deploy that is killed.
KILLED = "deploy-killed"
HELD_SECONDS = 20
TOLD = re.compile(r"\bapp/([a-z0-9-]+)")


class Server:
    """The server, and how many questions it was asked, by verb.

    A run tells its verb; Terraform's provider, which runs all the while, asks for `verb`.
    """

    def __init__(self, port=0):
        self.asked, self._lock = Counter(), threading.Lock()
        self.verb = "nobody"
        # A request of a deploy that is to be killed: it gets no answer as long as this is set, and none later.
        self.holds = ""
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", port, self._count, threaded=True, request_handler=MotoRequestHandler)
        self.port = self._server.server_address[1]

    def _count(self, environ, start_response):
        found = TOLD.search(environ.get("HTTP_USER_AGENT", ""))
        who = found[1] if found else self.verb
        with self._lock:
            self.asked[who] += 1
        if who == KILLED and self.holds and self._is_held(environ):
            start_response("503 Service Unavailable", [])
            return []
        return self._app(environ, start_response)

    def _is_held(self, environ):
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(content)
        if f"Action={self.holds}&".encode() not in content:
            return False
        end = time.monotonic() + HELD_SECONDS
        while self.holds and time.monotonic() < end:
            time.sleep(0.05)
        return True

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
