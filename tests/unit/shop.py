"""A small system that tests describe, change and spoil."""

import pytest

from handrail.errors import SystemInvalid
from handrail.model import document

SHOP = """\
system: shop
services:
  web:
    runtime: systemd
    hosts: web
    user: shop
    directory: web
    command: [node, server.js]
    ports: {blue: 3000, green: 3010}
    environment:
      PORT: ${port}
      DB: ${postgresql.address}
      DB_PASSWORD: {secret: DB_PASSWORD}
    health: {path: /health}
    needs: [postgresql]
  site:
    runtime: systemd
    hosts: web
    user: shop
    command: node site.js
    ports: {blue: 3001, green: 3011}
    health: {path: /}
    needs: [web]
datastores:
  postgresql:
    kind: postgresql
    hosts: db
    unit: postgresql
    port: 5432
    database: shop
    user: shop
    password: {secret: DB_PASSWORD}
edge:
  hosts: edge
  server_names: [shop.example.com]
  paths: {/api/: web, /: site}
release:
  artifact: shop-${version}.tar.gz
  migrate: {service: web, command: [node, migrate.js]}
  smoke: [{path: /, contains: "${version}"}]
  version: {path: /api/version, header: X-Release}
times: {bake: 10s, confirm: 60s}
secrets:
  DB_PASSWORD: {env: SHOP_DB_PASSWORD}
environments:
  prod: {}
  lab:
    edge: {server_names: [localhost]}
    times: {bake: 2s, confirm: 15s}
"""


def parse(text, environment="prod"):
    return document.parse(text, source="shop.yaml", environment=environment)


def problems(text, environment="prod"):
    with pytest.raises(SystemInvalid) as caught:
        parse(text, environment)
    return caught.value.problems


def changed(old, new, text=SHOP):
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)
