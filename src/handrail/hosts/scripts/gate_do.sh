# VERB SLOT SECONDS SHARE REVERT NAME SERVER ME DECIDER PEERS: one move of the traffic on this edge.
VERB=$1 SLOT=$2 SECONDS_=$3 SHARE=$4 REVERT=$5 NAME=$6 SERVER=$7 ME=$8 DECIDER=$9
shift 9
PEERS=$1
TIMER=handrail-$NAME-revert-$TOKEN
case $SLOT in blue) OTHER=green ;; green) OTHER=blue ;; *) end failed "no slot $SLOT" ;; esac
deadline=$(($(clock) + SECONDS_ * 100))
# The others' timers come 5 s after the first edge's, so that its decision stands when they ask for it.
late=0; [ "$ME" = "$DECIDER" ] || late=5
# A cutover that arrives after this run went back, because its connection broke, must not happen any more.
case $VERB in share | cut_over) [ ! -f "$RUN/.gone.$TOKEN" ] || end failed "this run has gone back already" ;; esac
case $VERB in
settle) # forget what a dead controller left, and agree with the other edges
    rm -f "$RUN/blue" "$RUN/green" "$RUN"/blue.[0-9]* "$RUN"/green.[0-9]*
    systemctl stop "handrail-$NAME-revert-*.timer" 2>/dev/null || :
    settle "$SLOT" || end failed "cannot write $ROOT/gate"
    ;;
share)
    arm "$((SECONDS_ + late))" || end failed "cannot arm the timer"
    for step in 1 5 10 25 50; do
        if [ "$step" -le "$SHARE" ]; then echo "$TOKEN" >"$RUN/$SLOT.$step" || end failed "cannot write $RUN"; fi
    done
    ;;
cut_over)
    arm "$((SECONDS_ + late))" || end failed "cannot arm the timer"
    rm -f "$RUN/.gate.$TOKEN"
    echo "$TOKEN $SLOT $deadline" >"$RUN/.gate.$TOKEN" && mv -T "$RUN/.gate.$TOKEN" "$RUN/$SLOT" || end failed "cannot write $RUN"
    rm -f "$RUN/$OTHER" "$RUN/$SLOT".[0-9]* "$RUN/$OTHER".[0-9]*
    disarm share
    echo "at $(date +%s.%N)"
    ;;
confirm) # the first edge decides, if it can; the others do as it did, also when a reboot made them forget the cutover
    if ! mine "$SLOT" && [ "$(cat "$ROOT/gate/record" 2>/dev/null)" = "$TOKEN $SLOT" ]; then end unchanged "confirmed before"; fi
    if [ "$ME" = "$DECIDER" ]; then
        mine "$SLOT" || end failed "the cutover is no longer here: this edge went back by itself"
        [ "$(clock)" -lt "$(cut -d' ' -f3 "$RUN/$SLOT")" ] || end failed "too late to confirm: the timer is due"
    fi
    decide "$SLOT" || end failed "cannot write $ROOT/gate"
    disarm cut_over
    ;;
back)
    true >"$RUN/.gone.$TOKEN"
    on_disk "$(recorded)" || end failed "cannot write $ROOT/gate"
    mine "$SLOT" && rm -f "$RUN/$SLOT"
    rm -f "$RUN/$SLOT".[0-9]*
    disarm cut_over
    disarm share
    ;;
hold) # the line on standard input is what clients read
    IFS= read -r message || :
    printf '%s\n' "$message" >"$ROOT/gate/.maintenance.new" && mv -T "$ROOT/gate/.maintenance.new" "$ROOT/gate/maintenance" || end failed "cannot write $ROOT/gate"
    ;;
resume) rm -f "$ROOT/gate/maintenance" ;;
esac
note "$VERB $SLOT" ok
case $VERB in
settle) end ok "settled on $SLOT" ;;
share) end ok "$SHARE % of the traffic goes to $SLOT" ;;
cut_over) end ok "the traffic goes to $SLOT, for $((SECONDS_ + late)) s unless confirmed" ;;
confirm) end ok "$SLOT is confirmed" ;;
back) end ok "away from $SLOT" ;;
hold) end ok "requests get the hold page" ;;
*) end ok "requests are let in" ;;
esac
