# WANT RUN_ID SECONDS HOLDER VERB: take the lease with a token of at least WANT, or say who holds it.
WANT=$1 RUN_ID=$2 SECONDS_=$3 HOLDER=$4 VERB=$5; shift 5
mkdir -p "$RUN" "$ROOT/lease" "$ROOT/gate" "$ROOT/releases" "$ROOT/slots" || end failed "cannot write to $ROOT"
chmod 755 "$RUN" "$ROOT" "$ROOT/gate"
exec 9>>"$RUN/lock"
if ! flock -x -w 3 9; then
    echo "holder $(cut -f4 "$RUN/lease" 2>/dev/null)"
    end held "a command of $(cut -f4 "$RUN/lease" 2>/dev/null || echo another run) is still running on this host"
fi
mine=no
if [ -f "$RUN/lease" ]; then
    IFS='	' read -r _ expires owner holder <"$RUN/lease" || :
    left=$((expires - $(clock)))
    # What restores service does not wait for an hour: a backup can be taken again, and ends itself when it sees a newer token; a vacuum
    # is in nobody's way.
    case $VERB in rollback | startup | hold | resume | back) case $holder in *backup\) | *vacuum\)) left=0 ;; esac ;; esac
    if [ "$owner" != "$RUN_ID" ] && [ "$left" -gt 0 ]; then
        echo "holder $holder"
        end held "$holder holds the lease of this host for $((left / 100 + 1)) s more"
    fi
    [ "$owner" != "$RUN_ID" ] || mine=yes
fi
TOKEN=$(($(fence) + 1))
[ $mine = no ] || TOKEN=$((TOKEN - 1)) # taken again by the same run, to agree on one token with the other hosts
[ "$TOKEN" -ge "$WANT" ] || TOKEN=$WANT
echo "$TOKEN" >"$ROOT/lease/fence.new" && mv -T "$ROOT/lease/fence.new" "$ROOT/lease/fence" || end failed "cannot write the token: $(df -h "$ROOT" | tail -n 1)"
printf '%s\t%s\t%s\t%s\n' "$TOKEN" "$(($(clock) + SECONDS_ * 100))" "$RUN_ID" "$HOLDER" >"$RUN/lease.new" && mv -T "$RUN/lease.new" "$RUN/lease"
note "$VERB: take the lease" "$HOLDER"
WORDS="token $TOKEN"
echo "token $TOKEN"
exec 9>&- # what follows looks, for as long as it takes; nobody with an older token changes anything any more
