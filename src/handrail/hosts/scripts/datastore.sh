# VERB NAME START STOP LOG INSIDE KIND PORT USER DATABASE SECONDS: start a datastore and wait until it answers a question, or stop
# it. START ends with 77 when it ran already. The password comes on standard input, never in an argument.
VERB=$1 NAME=$2 START=$3 STOP=$4 LOG=$5 INSIDE=$6 KIND=$7 PORT=$8 USER_=$9; shift 9
DATABASE=$1 DEADLINE=$2
IFS= read -r password || :
show_log() { echo "log begin"; eval "$LOG" 2>&1 | clean; echo "log end"; }
if [ "$VERB" = stop ]; then
    reason=$(eval "$STOP" 2>&1 9>&-) || end failed "$NAME does not stop: $(printf %s "$reason" | tail -n 1 | clean)"
    note "stop $NAME" ok
    end ok "stopped"
fi
was=ok
reason=$(eval "$START" 2>&1 9>&-)
case $? in
0) ;;
77) was=unchanged ;;
*) show_log; end failed "$NAME does not start: $(printf %s "$reason" | head -n 1 | clean)" ;;
esac
last=$(($(clock) + DEADLINE * 100))
until reason=$(answers "$KIND" "$PORT" "$USER_" "$DATABASE" 2>&1 9>&-); do
    if [ "$(clock)" -ge "$last" ]; then
        show_log
        end failed "$NAME does not answer within $DEADLINE s: $(printf %s "$reason" | tail -n 1 | clean)"
    fi
    sleep 0.2
done
[ "$was" = unchanged ] || note "start $NAME" ok
end "$was" "$NAME answers"
