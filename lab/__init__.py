"""Hosts to try everything on: real Debian with systemd, sshd, nginx, PostgreSQL, Redis and Node, on one machine."""
