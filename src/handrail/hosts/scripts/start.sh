# SLOT NAME START FAILED LOG PORT PATH STATUS INTERVAL TIMEOUT DEADLINE: start one service of a slot and wait until it is healthy.
SLOT=$1 NAME=$2 START=$3 FAILED=$4 LOG=$5 PORT=$6 HEALTH=$7 STATUS=$8 INTERVAL=$9; shift 9
TIMEOUT=$1 DEADLINE=$2
show_log() { echo "log begin"; eval "$LOG" 2>&1 | clean | tail -n 20; echo "log end"; }
began=$(clock)
if ! reason=$(eval "$START" 2>&1 9>&-); then
    show_log
    end failed "$NAME does not start: $(printf %s "$reason" | head -n 1 | clean)"
fi
body=$(mktemp) && trap 'rm -f "$body"' EXIT
said() { head -c 300 "$body" | clean | tr '\n' ' '; }
code=none
while :; do
    true >"$body"
    code=$(curl -s -o "$body" -w '%{http_code}' --max-time "$TIMEOUT" "http://127.0.0.1:$PORT$HEALTH") || :
    spent=$(($(clock) - began))
    if [ "$code" = "$STATUS" ]; then break; fi
    if eval "$FAILED" >/dev/null 2>&1; then
        echo "probe $code http://127.0.0.1:$PORT$HEALTH $(said)"
        show_log
        end failed "$NAME died before it was healthy"
    fi
    if [ "$spent" -ge "$((DEADLINE * 100))" ]; then
        echo "probe $code http://127.0.0.1:$PORT$HEALTH $(said)"
        show_log
        end failed "$NAME was not healthy within $DEADLINE s: last answer $code, wanted $STATUS, from http://127.0.0.1:$PORT$HEALTH: $(said)"
    fi
    sleep "$INTERVAL"
done
seconds=$(printf '%d.%02d' $((spent / 100)) $((spent % 100)))
echo "healthy $seconds"
note "start $NAME in $SLOT" "healthy after $seconds s"
# The next start may be a little slower: say so before it misses the deadline.
[ "$((spent * 2))" -le "$((DEADLINE * 100))" ] || end ok "healthy after $seconds s, more than half of the $DEADLINE s that it has"
end ok "healthy after $seconds s"
