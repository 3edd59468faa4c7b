# Pairs: LABEL PID: which variables does each program have that runs? PID prints its number. Standard input is a nonce, then lines
# LABEL NAME DIGEST: the SHA-256 of the nonce and the value that it should have, - where nobody knows that. No value leaves the host.
IFS= read -r nonce
expected=$(cat)
state() { # NAME DIGEST
    found=$(sed -zn "s/^$1=\$/empty/p; t; s/^$1=.*/set/p" "$environ" | head -zn 1 | tr -d '\0')
    if [ "$found" != set ]; then echo "${found:-missing}"; return; fi
    [ "$2" != - ] || { echo unknown; return; }
    digest=$({ printf %s "$nonce"; sed -zn "s/^$1=//p" "$environ" | head -zn 1 | tr -d '\0'; } | sha256sum | cut -d' ' -f1)
    if [ "$digest" = "$2" ]; then echo ok; else echo stale; fi
}
while [ $# -ge 2 ]; do
    pid=$(eval "$2" 2>/dev/null | tail -n 1)
    case $pid in *[!0-9]* | "") pid=0 ;; esac
    environ=/proc/$pid/environ
    if [ ! -f "$environ" ]; then
        echo "down $1"
    elif ! head -c 1 "$environ" >/dev/null 2>&1; then
        echo "unreadable $1"
    else
        while read -r label name digest; do
            [ "$label" != "$1" ] || echo "variable $1 $name $(state "$name" "$digest")"
        done <<EXPECTED
$expected
EXPECTED
    fi
    shift 2
done
end ok "compared"
