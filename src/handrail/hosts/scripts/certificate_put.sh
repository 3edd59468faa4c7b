# NAME ID: the certificate and its key, one after the other on standard input, wait here under a hidden name.
hide "$1" || end failed "cannot write to $TLS: $(df -h "$ROOT" | tail -n 1)"
trap 'rm -rf "$NEW"' EXIT
(umask 077 && cat >"$NEW/both") || end failed "cannot write to $TLS"
sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' "$NEW/both" >"$NEW/fullchain.pem"
(umask 077 && sed -n '/^-----BEGIN [A-Z ]*PRIVATE KEY-----/,/^-----END [A-Z ]*PRIVATE KEY-----/p' "$NEW/both" >"$NEW/key.pem")
rm -f "$NEW/both"
[ -s "$NEW/fullchain.pem" ] && [ -s "$NEW/key.pem" ] || end failed "the certificate arrived broken"
if [ -d "$TLS/.kept/$1/$2" ]; then end unchanged "it is here already"; fi
reason=$(keep "$1" "$2") || end failed "cannot keep the certificate: $reason"
note "put the certificate $1" "$2"
end ok "it is here, under a hidden name"
