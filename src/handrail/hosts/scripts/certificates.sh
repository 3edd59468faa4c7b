# Groups that begin with a word: `file NAME`, what an edge has on its disk; `wire ADDRESS PORT SNI`, what is shown there, SNI - for none.
# All at once; answers are blocks with the number of the question. Keys are compared, never printed. Changes nothing.
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && trap 'exit 1' TERM HUP || end failed "cannot write to ${TMPDIR:-/tmp}"
command -v openssl >/dev/null || end failed "openssl is not installed"
only_certificates() { sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/p'; }
file() { # NUMBER NAME
    here=$ROOT/tls/$2
    only_certificates <"$here/fullchain.pem" >"$folder/$1.pem" 2>/dev/null || { echo "words $1 there is no $here/fullchain.pem" >"$folder/$1"; return; }
    mine=$(openssl pkey -in "$here/key.pem" -pubout 2>/dev/null)
    theirs=$(openssl x509 -in "$here/fullchain.pem" -noout -pubkey 2>/dev/null)
    if [ -n "$mine" ] && [ "$mine" = "$theirs" ]; then echo "key $1 fits"; else echo "key $1 differs"; fi >"$folder/$1"
}
# Chains are judged elsewhere: to load the known roots for each handshake takes most of its time.
wire() { # NUMBER ADDRESS PORT SNI
    number=$1 address=$2 port=$3
    if [ "$4" = - ]; then set -- -noservername; else set -- -servername "$4"; fi
    timeout 10 openssl s_client -connect "$address:$port" -showcerts -no-CAfile -no-CApath "$@" </dev/null >"$folder/$number.out" 2>"$folder/$number.err"
    code=$?
    only_certificates <"$folder/$number.out" >"$folder/$number.pem"
    [ -s "$folder/$number.pem" ] && return
    reason=$(grep -oE 'Connection refused|No route to host|alert [a-z ]+|timed out|Name or service not known|nodename nor servname' "$folder/$number.err" | head -n 1)
    [ "$code" != 124 ] || reason="no answer within 10 s"
    echo "words $number no certificate at $address:$port: ${reason:-it shows none}" >"$folder/$number"
}
count=0
while [ $# -gt 0 ]; do
    count=$((count + 1))
    case $1 in
    file) file "$count" "$2" & shift 2 ;;
    wire) wire "$count" "$2" "$3" "$4" & shift 4 ;;
    *) end failed "nobody knows how to ask for $1" ;;
    esac
done
wait
for number in $(seq "$count"); do
    [ ! -f "$folder/$number" ] || clean <"$folder/$number"
    [ ! -s "$folder/$number.pem" ] || { echo "pem $number begin"; cat "$folder/$number.pem"; echo "pem $number end"; }
done
end ok "asked"
