# NAME INSIDE PORT USER DATABASE SECONDS: VACUUM ANALYZE a database, at most that long. The password comes on standard input.
NAME=$1 INSIDE=$2; shift 2
IFS= read -r password || :
export PGPASSWORD="$password" PGCONNECT_TIMEOUT=5
exec 9>&- # it changes nothing that a token guards, and may take an hour, in which a rollback must not wait for the lock
began=$(clock)
# The server ends it in time, also where its client runs in a container. Tables of others are skipped with a warning each.
reason=$(inside psql -X -w -q -h 127.0.0.1 -p "$1" -U "$2" -d "$3" -v ON_ERROR_STOP=1 \
    -c "SET statement_timeout = '$4s'" -c 'VACUUM (ANALYZE)' 2>&1) ||
    end failed "$NAME is not vacuumed: $(printf %s "$reason" | grep -v '^WARNING: ' | tail -n 1 | clean)"
spent=$(($(clock) - began))
seconds=$(printf '%d.%02d' $((spent / 100)) $((spent % 100)))
note "vacuum $NAME" "$seconds s"
end ok "$NAME: vacuumed and analyzed in $seconds s"
