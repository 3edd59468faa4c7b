# TOKEN RUN_ID NAME SERVER ME DECIDER PEER...: what the timer of an unconfirmed cutover does, without any controller. The first
# edge decides; the others ask every edge first: whoever knows that the cutover was confirmed makes it so here too.
TOKEN=$1 RUN_ID=$2 NAME=$3 SERVER=$4 ME=$5 DECIDER=$6; shift 6
exec 9>>"$RUN/lock"
fetch() { curl -sS --max-time 3 -w ' %{http_code}' -H "Host: $SERVER" "http://$1/.handrail/$NAME/$2" 2>/dev/null | tr '\n' ' ' | tr -s ' '; }
ask() { # SLOT PEER...: confirmed if any edge knows so; no if the first edge says that it is not; else nothing
    slot=$1 no=""; shift
    for peer; do
        case $(fetch "$peer" record) in "$TOKEN $slot 200") echo confirmed; return ;; esac
        case $(fetch "$peer" "decisions/$TOKEN") in
        "confirmed 200") echo confirmed; return ;;
        *404) [ "$peer" != "$DECIDER" ] || no=no ;;
        esac
    done
    echo "$no"
}
pending() { for slot in blue green; do if [ "$(cut -d' ' -f1 "$RUN/$slot" 2>/dev/null)" = "$TOKEN" ]; then echo "$slot"; fi; done; }
asked=no
if [ "$ME" != "$DECIDER" ] && [ -n "$(pending)" ]; then
    # A first edge that does not answer may be rebooting: what it confirmed is on its disk.
    until=$(($(clock) + 12000))
    while asked=$(ask "$(pending)" "$@"); [ -z "$asked" ] && [ "$(clock)" -lt "$until" ]; do sleep 5; done
fi
flock -x -w 30 9 || :
for slot in $(pending); do
    if [ "$asked" = confirmed ]; then
        decide "$slot"
        note "confirmed by another edge" "$slot"
    else
        # A confirm that broke off in the middle may have written to the disk already; the record is what counts.
        on_disk "$(recorded)"
        rm -f "$RUN/$slot"
        note "revert: nobody confirmed in time" "away from $slot"
    fi
done
for share in "$RUN"/blue.[0-9]* "$RUN"/green.[0-9]*; do
    [ "$(cut -d' ' -f1 "$share" 2>/dev/null)" != "$TOKEN" ] || rm -f "$share"
done
