#!/bin/sh
# Make a cluster on an empty volume, with POSTGRES_USER, POSTGRES_PASSWORD (or _FILE) and POSTGRES_DB; then run the command.
set -eu

if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    install -d -o postgres -g postgres /run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups sh "$0" "$@"
fi

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "POSTGRES_PASSWORD is not set" >&2
        exit 1
    fi
    # a lab's data outlives its containers, not a loss of power
    printf '%s\n' "$POSTGRES_PASSWORD" | initdb --no-sync --no-instructions --locale=C.UTF-8 --username="$user" \
        --auth-local=trust --auth-host=scram-sha-256 --pwfile=/dev/stdin
    cat >>"$PGDATA/postgresql.conf" <<'CONF'
listen_addresses = '*'
shared_buffers = 32MB
CONF
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    [ "$database" = postgres ] || echo "CREATE DATABASE \"$database\"" | postgres --single postgres >/dev/null
fi
unset POSTGRES_PASSWORD
exec "$@"
