# SLOT STOP: stop all services of a slot.
SLOT=$1 STOP=$2
reason=$(eval "$STOP" 2>&1 9>&-) || end failed "the slot $SLOT does not stop: $(printf %s "$reason" | tail -n 1 | clean)"
note "stop $SLOT" ok
end ok "stopped"
