# NAME STATUS then groups of four: SERVICE SLOT PORT PATH: everything that a run must know of this host, in one round trip.
NAME=$1 STATUS=$2; shift 2
echo "fence $(fence)"
if [ -f "$RUN/lease" ]; then
    IFS='	' read -r token expires owner holder <"$RUN/lease"
    echo "lease $token $((expires - $(clock))) $owner $holder"
fi
for slot in blue green; do
    link=$(readlink "$ROOT/slots/$slot") && echo "slot $slot $(basename "$link")"
    if [ -f "$RUN/$slot" ]; then read -r token _ deadline <"$RUN/$slot"; echo "pending $slot $token $((deadline - $(clock)))"; fi
    for share in 1 5 10 25 50; do [ ! -f "$RUN/$slot.$share" ] || echo "share $slot $share"; done
done
if [ -f "$ROOT/gate/green" ]; then echo "confirmed green"; else echo "confirmed blue"; fi
[ ! -f "$ROOT/gate/record" ] || echo "record $(cat "$ROOT/gate/record")"
[ ! -f "$ROOT/gate/maintenance" ] || echo "maintenance on"
[ ! -f "$ROOT/good" ] || sed 's/^/good /' "$ROOT/good"
for path in "$ROOT"/releases/*/.complete; do [ ! -f "$path" ] || echo "staged $(basename "$(dirname "$path")") $(cat "$path")"; done
echo "free $(df -Pk "$ROOT" 2>/dev/null | awk 'END { print $4 }')"
for tool in curl tar sha256sum flock timeout base64 ss iconv runuser systemd-run; do command -v "$tool" >/dev/null || echo "missing $tool"; done
if [ -n "$STATUS" ]; then echo "units begin"; eval "$STATUS" 2>/dev/null; echo "units end"; fi
while [ $# -ge 4 ]; do
    answer=$(curl -s -o /dev/null -w '%{http_code} %{time_total}' --max-time 2 "http://127.0.0.1:$3$4") || :
    echo "health $1 $2 ${answer:-000 0}"
    shift 4
done
