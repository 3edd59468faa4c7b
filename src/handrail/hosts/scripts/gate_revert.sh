# TOKEN RUN_ID NAME ME DECIDER PEER...: what the timer of an unconfirmed cutover does, without any controller. The first edge decides; the others
# ask every edge first: whoever knows that the cutover was confirmed makes it so here too.
TOKEN=$1 RUN_ID=$2 NAME=$3 ME=$4 DECIDER=$5; shift 5
exec 9>>"$RUN/lock"
asked=no
if [ "$ME" != "$DECIDER" ]; then
    for peer; do
        if [ "$(curl -fsS --max-time 3 "http://$peer/.handrail/$NAME/$TOKEN" 2>/dev/null)" = confirmed ]; then asked=confirmed; fi
    done
fi
flock -x -w 30 9 || :
for slot in blue green; do
    [ "$(cut -d' ' -f1 "$RUN/$slot" 2>/dev/null)" = "$TOKEN" ] || continue
    if [ "$asked" = confirmed ]; then
        settle "$slot"
        note "confirmed by another edge" "$slot"
    else
        rm -f "$RUN/$slot"
        note "revert: nobody confirmed in time" "away from $slot"
    fi
done
for share in "$RUN"/*.[0-9]*; do
    case $share in */lease.* | */incoming.*) continue ;; esac
    [ "$(cut -d' ' -f1 "$share" 2>/dev/null)" != "$TOKEN" ] || rm -f "$share"
done
