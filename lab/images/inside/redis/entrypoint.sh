#!/bin/sh
# Run redis-server as redis, open to other containers; REDIS_PASSWORD goes in on stdin, so that no process list shows it.
set -eu

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis:redis {} +
    exec setpriv --reuid=redis --regid=redis --init-groups sh "$0" "$@"
fi

if [ "$*" = redis-server ]; then
    password=$(printf '%s' "${REDIS_PASSWORD:-}" | sed 's/[\\"]/\\&/g')
    unset REDIS_PASSWORD
    exec redis-server - <<CONF
protected-mode no
requirepass "$password"
CONF
fi
[ "$1" != redis-server ] || set -- "$@" --protected-mode no
exec "$@"
