"""A folder in place of a host with PM2: files in it, commands run on it, and what PM2 says."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node, as PM2 does")
# As PM2 7.0.4 wrote it.
PM2_LOG = """\
2026-11-21T06:42:01.100+00:00: PM2 log: App [vendhub-api-green:1] exited with code [0] via signal [SIGINT]
2026-11-21T06:42:02.100+00:00: PM2 log: App [vendhub-api-blue:0] starting in -fork mode-
2026-11-21T06:42:04.100+00:00: PM2 log: [PM2][WORKER] Process 1 restarted because it exceeds --max-memory-restart value
2026-11-21T06:42:04.200+00:00: PM2 log: [PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value
2026-11-21T06:42:04.300+00:00: PM2 log: App [vendhub-api-blue:0] exited with code [0] via signal [SIGKILL]
"""
# What sync.js asks of PM2, written down.
FAKE_PM2 = """
const fs = require('fs');
const [say, lost, list] = [process.env.SAID, process.env.LOST, JSON.parse(process.env.LIST)];
const said = (word) => fs.appendFileSync(say, word + '\\n');
module.exports = {
  Client: { pingDaemon: (answer) => answer(process.env.ALIVE === 'yes'), launchRPC: (done) => done() },
  reloadLogs(done) { said('reloadLogs'); done(); },
  connect(done) { said('connect'); done(); },
  list(done) { said('list'); done(null, list); },
  delete(id, done) { said('delete ' + id); done(); },
  start({ apps }, done) {
    for (const app of apps) said('start ' + app.name + ' ' + Object.keys(process.env).sort());
    done(null, lost ? [] : apps);
  },
};
"""


def put(root, path, text, mode=0o644):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def run(argv, *, cwd=None, **environment):
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, env=os.environ | environment, timeout=30, cwd=cwd
    )


def plain(argv):
    """Leave out what makes it another user's."""
    at = argv.index("--")
    return argv[at + 1 :]
