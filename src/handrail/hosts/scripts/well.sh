# Groups of six: NAME PORT PATH STATUS SECONDS WAIT: does each instance answer as it should, or does it within WAIT seconds? Changes nothing.
# A service whose datastore was started anew needs a moment; one late answer among many is no reason to stop either.
look() {
    code=$(curl -s -o /dev/null -w '%{http_code}' --max-time "$5" "http://127.0.0.1:$2$3") || :
    [ "$code" = "$4" ]
}
while [ $# -ge 6 ]; do
    last=$(($(clock) + $6 * 100))
    until look "$@"; do
        [ "$(clock)" -lt "$last" ] || end failed "$1 is not healthy: it answers $code, wanted $4, from http://127.0.0.1:$2$3"
        sleep 1
    done
    shift 6
done
end ok "healthy"
