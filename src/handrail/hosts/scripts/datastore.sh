# VERB NAME KIND UNIT PORT USER DATABASE SECONDS: start a datastore and wait until it answers a question, or stop it.
# The password comes on standard input and goes into environment variables, never into arguments.
VERB=$1 NAME=$2 KIND=$3 UNIT=$4 PORT=$5 USER_=$6 DATABASE=$7 DEADLINE=$8
IFS= read -r password || :
# Debian's postgresql.service stays active whatever becomes of postgresql@15-main.service, which it only wants.
members=$(systemctl show -p Wants --value "$UNIT" | tr ' ' '\n' | grep "^${UNIT%.service}@" | tr '\n' ' ')
if [ "$VERB" = stop ]; then
    # shellcheck disable=SC2086  # unit names hold no spaces
    systemctl stop "$UNIT" $members 9>&- || end failed "$UNIT does not stop"
    note "stop $NAME" ok
    end ok "stopped"
fi
was=unchanged
for unit in "$UNIT" $members; do
    systemctl is-active -q "$unit" && continue
    was=ok
    reason=$(systemctl start "$unit" 2>&1 9>&-) || {
        echo "log begin"; journalctl -u "$UNIT*" -n 20 --no-pager -o cat 2>&1 | clean; echo "log end"
        end failed "$unit does not start: $(printf %s "$reason" | head -n 1 | clean)"
    }
done
last=$(($(clock) + DEADLINE * 100))
until reason=$(answers "$KIND" "$PORT" "$USER_" "$DATABASE" 2>&1 9>&-); do
    if [ "$(clock)" -ge "$last" ]; then
        echo "log begin"; journalctl -u "$UNIT*" -n 20 --no-pager -o cat 2>&1 | clean; echo "log end"
        end failed "$NAME does not answer within $DEADLINE s: $(printf %s "$reason" | tail -n 1 | clean)"
    fi
    sleep 0.2
done
[ "$was" = unchanged ] || note "start $NAME" ok
end "$was" "$NAME answers"
