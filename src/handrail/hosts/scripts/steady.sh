# Groups of seven: NAME RESTARTS LOG PORT PATH STATUS TIMEOUT: does each instance still run as it was started? Changes nothing.
# An answer that is wrong is asked for once more: one late answer among many is no reason to give a release up.
body=$(mktemp) && trap 'rm -f "$body"' EXIT
look() {
    restarts=$(eval "$2" 2>/dev/null | tail -n 1)
    case $restarts in *[!0-9]* | "") restarts=0 ;; esac
    code=$(curl -s -o "$body" -w '%{http_code}' --max-time "$7" "http://127.0.0.1:$4$5") || :
    [ "$restarts" -eq 0 ] && [ "$code" = "$6" ]
}
while [ $# -ge 7 ]; do
    if ! look "$@" && { [ "$restarts" -gt 0 ] || { sleep 1; ! look "$@"; }; }; then
        echo "probe $code http://127.0.0.1:$4$5 $(head -c 300 "$body" | clean | tr '\n' ' ')"
        echo "log begin"; eval "$3" 2>&1 | clean | tail -n 20; echo "log end"
        [ "$restarts" -eq 0 ] || end failed "$1 was started again $restarts times since this run started it"
        end failed "$1 is no longer healthy: it answers $code, wanted $6, from http://127.0.0.1:$4$5"
    fi
    shift 7
done
end ok "as they were started"
