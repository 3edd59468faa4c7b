# NAME FINGERPRINT ADDRESS PORT SNI...: see by handshake what is served for each name; an empty fingerprint is that of the file. When it
# is as it should be, those that are older than the last few go.
NAME=$1 WANTED=$2 ADDRESS=$3 PORT=$4; shift 4
fingerprint() { openssl x509 -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//; s/://g' | tr A-F a-f; }
new=$WANTED
[ -n "$WANTED" ] || WANTED=$(fingerprint <"$TLS/$NAME/fullchain.pem")
for name; do
    if [ "$name" = - ]; then option=-noservername name=""; else option=-servername; fi
    # shellcheck disable=SC2086  # no name, or one
    shown=$(timeout 10 openssl s_client -connect "$ADDRESS:$PORT" -no-CAfile -no-CApath $option $name </dev/null 2>&1)
    got=$(printf '%s\n' "$shown" | fingerprint)
    [ "$got" = "$WANTED" ] && continue
    [ -n "$got" ] || end failed "port $PORT shows no certificate for ${name:-its address}: $(printf '%s\n' "$shown" | grep -iE 'refused|alert|error' | head -n 1 | clean)"
    end failed "${name:-its address} is served with serial $(printf '%s\n' "$shown" | openssl x509 -noout -serial 2>/dev/null | sed 's/.*=//'), not with the new certificate"
done
[ -n "$new" ] || end ok "the certificate in its file is served"
find "$TLS/.kept/$NAME" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -rn | cut -d ' ' -f 2 | grep -vxF "$(served "$NAME")" |
    tail -n "+$((KEEP + 1))" | while read -r old; do rm -rf "$TLS/.kept/$NAME/${old:?}"; done
note "prove the certificate $NAME" ok
end ok "every name is served with it"
