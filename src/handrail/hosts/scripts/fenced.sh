# Prelude of every mutating script: TOKEN must be the newest that this host has seen. The shared lock is held while the command
# runs, so nobody can take the lease over in the middle of it.
TOKEN=$1 RUN_ID=$2; shift 2
[ -d "$RUN" ] && [ -d "$ROOT/lease" ] || mkdir -p "$RUN" "$ROOT/lease"
exec 9>>"$RUN/lock"
flock -s -w 10 9 || end failed "the lock of this system is busy on this host"
[ "$(fence)" = "$TOKEN" ] || end refused "token $TOKEN is older than $(fence), which $(cut -f4 "$RUN/lease" 2>/dev/null || echo another run) took"
