# SLOT STOP: stop all services of a slot.
SLOT=$1 STOP=$2
eval "$STOP" 9>&- || end failed "the slot $SLOT does not stop"
note "stop $SLOT" ok
end ok "stopped"
