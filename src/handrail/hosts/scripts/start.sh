# SLOT NAME START COUNT FAILED LOG PORT PATH STATUS INTERVAL TIMEOUT DEADLINE: start one service of a slot and wait until it is healthy.
# START leaves alone what runs, so COUNT prints how often that was started again in its life; it is empty where nothing can run yet.
SLOT=$1 NAME=$2 START=$3 COUNT=$4 FAILED=$5 LOG=$6 PORT=$7 HEALTH=$8 STATUS=$9; shift 9
INTERVAL=$1 TIMEOUT=$2 DEADLINE=$3
show_log() { echo "log begin"; eval "$LOG" 2>&1 | clean | tail -n 20; echo "log end"; }
count() {
    counted=$([ -z "$COUNT" ] || eval "$COUNT" 2>/dev/null | tail -n 1)
    case $counted in *[!0-9]* | "") counted=0 ;; esac
}
count
RESTARTS=$counted
began=$(clock)
if ! reason=$(eval "$START" 2>&1 9>&-); then
    show_log
    end failed "$NAME does not start: $(printf %s "$reason" | head -n 1 | clean)"
fi
# Fewer than before: it was made anew.
[ "$RESTARTS" = 0 ] || count
[ "$counted" -ge "$RESTARTS" ] || RESTARTS=0
export RESTARTS
body=$(mktemp) && trap 'rm -f "$body"' EXIT
said() { head -c 300 "$body" | clean | tr '\n' ' '; }
code=none asked=0 # whether it died is asked once a second: PM2 takes a quarter of one to say
while :; do
    true >"$body"
    code=$(curl -s -o "$body" -w '%{http_code}' --max-time "$TIMEOUT" "http://127.0.0.1:$PORT$HEALTH") || :
    spent=$(($(clock) - began))
    if [ "$code" = "$STATUS" ]; then break; fi
    if [ "$((spent - asked))" -ge 100 ] && asked=$spent && eval "$FAILED" >/dev/null 2>&1; then
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
