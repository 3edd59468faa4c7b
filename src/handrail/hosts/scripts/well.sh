# Groups of five: NAME PORT PATH STATUS SECONDS: does each instance answer as it should? Changes nothing.
# An answer that is wrong is asked for once more: one late answer among many is no reason to stop.
look() {
    code=$(curl -s -o /dev/null -w '%{http_code}' --max-time "$5" "http://127.0.0.1:$2$3") || :
    [ "$code" = "$4" ]
}
while [ $# -ge 5 ]; do
    look "$@" || { sleep 1; look "$@"; } || end failed "$1 is not healthy: it answers $code, wanted $4, from http://127.0.0.1:$2$3"
    shift 5
done
end ok "healthy"
