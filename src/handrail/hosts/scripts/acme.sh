# DIRECTORY EMAIL ADD REMOVE: have the request on standard input certified, and print the chain. ADD and REMOVE answer DNS-01 challenges;
# without them nginx answers from ROOT/acme. CA certificates for the ACME server may follow the request. State is below ROOT/certbot and
# a request has no lineage: neither certbot's timer nor its hooks know of it.
STATE=$ROOT/certbot here=$ROOT/certbot/order
command -v certbot >/dev/null || end failed "certbot is not installed: apt install certbot"
mkdir -p "$ROOT/acme" && mkdir -p -m 700 "$STATE" && rm -rf "$here" && mkdir -m 700 "$here" || end failed "cannot write to $STATE"
cat >"$here/in"
sed -n '/^-----BEGIN CERTIFICATE REQUEST/,/^-----END CERTIFICATE REQUEST/p' "$here/in" >"$here/csr.pem"
sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p' "$here/in" >"$here/ca.pem"
[ ! -s "$here/ca.pem" ] || export REQUESTS_CA_BUNDLE="$here/ca.pem"
directory=$1 add=$3 remove=$4
if [ -n "$2" ]; then set -- --email "$2" --no-eff-email; else set -- --register-unsafely-without-email; fi
if [ -n "$add" ]; then
    set -- "$@" --manual --preferred-challenges dns --manual-auth-hook "$add" --manual-cleanup-hook "$remove"
else
    set -- "$@" --webroot --webroot-path "$ROOT/acme"
fi
order() {
    rm -f "$here/cert.pem" "$here/chain.pem" "$here/full.pem"
    timeout --kill-after=5 150 certbot certonly --non-interactive --agree-tos --no-directory-hooks "$@" --server "$directory" --csr "$here/csr.pem" \
        --cert-path "$here/cert.pem" --chain-path "$here/chain.pem" --fullchain-path "$here/full.pem" \
        --config-dir "$STATE/config" --work-dir "$STATE/work" --logs-dir "$STATE/logs" >"$here/said" 2>&1 9>&-
}
rm -f "$STATE/logs/letsencrypt.log"
if ! order "$@"; then
    # A server that has forgotten the account, such as one that was set up anew, gets another one.
    if grep -qs accountDoesNotExist "$STATE/logs/letsencrypt.log"; then rm -rf "$STATE/config/accounts"; order "$@"; fi
fi
if [ ! -s "$here/full.pem" ]; then
    echo "log begin"
    { cat "$here/said"; grep -E '"(type|detail)": |acme:error' "$STATE/logs/letsencrypt.log" | tail -n 20; } 2>/dev/null | clean
    echo "log end"
    end failed "no certificate was issued"
fi
echo "issued begin"; cat "$here/full.pem"; echo "issued end"
note "have a certificate issued" ok
end ok "issued"
