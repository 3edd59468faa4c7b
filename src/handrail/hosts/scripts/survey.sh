# NAME, groups of three: RUNTIME USABLE STATUS, then --, then groups of five: SERVICE SLOT PORT PATH TIMEOUT: everything that a run must know
# of this host, in one round trip.
NAME=$1; shift
echo "fence $(fence)"
if [ -f "$RUN/lease" ]; then
    IFS='	' read -r token expires owner holder <"$RUN/lease"
    echo "lease $token $((expires - $(clock))) $owner $holder"
fi
for slot in blue green; do
    link=$(readlink "$ROOT/slots/$slot") && echo "slot $slot ${link##*/}"
    if [ -f "$RUN/$slot" ]; then read -r token _ deadline <"$RUN/$slot"; echo "pending $slot $token $((deadline - $(clock)))"; fi
    for share in 1 5 10 25 50; do [ ! -f "$RUN/$slot.$share" ] || echo "share $slot $share"; done
done
if [ -f "$ROOT/gate/green" ]; then echo "confirmed green"; else echo "confirmed blue"; fi
[ ! -f "$ROOT/gate/record" ] || echo "record $(line "$ROOT/gate/record")"
[ ! -f "$ROOT/gate/maintenance" ] || echo "maintenance on"
for path in "$ROOT"/gate/out/*; do [ ! -f "$path" ] || echo "out ${path##*/}"; done
[ ! -f "$ROOT/good" ] || sed 's/^/good /' "$ROOT/good"
for path in "$ROOT"/releases/*/.complete; do
    release=${path%/.complete}
    [ ! -f "$path" ] || echo "staged ${release##*/} $(line "$path")"
done
df -Pk "$ROOT" 2>/dev/null | { read -r _; read -r _ _ _ free _; echo "free ${free:-}"; }
(unset -f curl; for tool in curl tar sha256sum flock timeout base64 ss iconv runuser systemd-run nsenter logrotate; do command -v "$tool" >/dev/null || echo "missing $tool"; done)
instances() { # SERVICE: as many of it as this host was told of; one, if of none
    for told in 10 9 8 7 6 5 4 3 2 1; do [ ! -f "$ROOT/gate/instances/$1.$told" ] || return 0; done
}
usable="" # two runtimes of a host may ask the same
while [ "$1" != -- ]; do
    if [ "$2" = "$usable" ] || reason=$(eval "$2" 2>&1); then
        usable=$2
        echo "units $1 begin"; eval "$3" 2>/dev/null; code=$?; echo "units $1 end"
        [ "$code" != 75 ] || echo "unusable $1: it does not tell within 10 s what runs"
    else
        echo "unusable $1: $(printf %s "$reason" | tail -n 1 | clean)"
    fi
    shift 3
done
shift
for path in "$ROOT"/gate/instances/*.*; do
    file=${path##*/}
    [ ! -f "$path" ] || echo "instances ${file%.*} ${file##*.}"
done
asked="" urls="" # one curl for all: to begin one takes longer than its answer
while [ $# -ge 5 ]; do
    instances "$1"
    number=1
    while [ "$number" -le "$told" ]; do
        asked="$asked$1 $2 $number
" urls="${urls:+${urls}next
}url = \"http://127.0.0.1:$(($3 + number - 1))$4\"
output = /dev/null
max-time = $5
write-out = \"%{http_code} %{time_total}\\n\"
silent
"
        number=$((number + 1))
    done
    shift 5
done
[ -z "$asked" ] || answers=$(printf %s "$urls" | curl -K -) || :
printf %s "$asked" | while read -r place; do
    read -r answer <&3 || answer=""
    echo "health $place ${answer:-000 0}"
done 3<<ANSWERS
${answers:-}
ANSWERS
