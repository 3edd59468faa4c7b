# Pairs: NAME NAMES: where a certificate never came, make one that says what it is: an edge must start before it has its first.
mkdir -p "$TLS/.kept" "$ROOT/acme" || end failed "cannot write to $ROOT"
made=""
while [ $# -ge 2 ]; do
    name=$1 names=$2; shift 2
    [ ! -f "$TLS/$name/fullchain.pem" ] || continue
    command -v openssl >/dev/null || end failed "openssl is not installed"
    hide "$name" || end failed "cannot write to $TLS"
    reason=$(cd "$NEW" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=handrail placeholder" \
        -addext "subjectAltName=$names" -keyout key.pem -out fullchain.pem 2>&1) || end failed "openssl makes no placeholder: $(printf %s "$reason" | tail -n 1 | clean)"
    reason=$(keep "$name" placeholder) && serve "$name" placeholder || end failed "cannot put the placeholder of $name in place: $reason"
    made="$made $name"
done
[ -n "$made" ] || end unchanged "every certificate is there"
note "make placeholders" ok
end ok "no certificate yet, a placeholder is served:$made"
