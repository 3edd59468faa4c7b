# ADDRESS HOST TIMES then groups of five: PATH STATUS HEADER VALUE CONTAINS: ask the edge as a client would. Whether its certificate is
# good is asked elsewhere: one that has run out must not keep a release from being mended.
EDGE=$1 SERVER=$2 TIMES=$3; shift 3
head=$(mktemp) body=$(mktemp) && trap 'rm -f "$head" "$body"' EXIT
while [ $# -ge 5 ]; do
    path=$1 status=$2 header=$3 value=$4 contains=$5; shift 5
    i=0
    while [ "$i" -lt "$TIMES" ]; do
        i=$((i + 1))
        code=$(curl -s -D "$head" -o "$body" -w '%{http_code}' --max-time 5 --insecure --connect-to "::127.0.0.1:" -H "Host: $SERVER" "$EDGE$path") || :
        [ "$code" = "$status" ] || { echo "probe $code $path $(head -c 300 "$body" | clean | tr '\n' ' ')"; end failed "$path answered $code through the edge, wanted $status"; }
        if [ -n "$header" ]; then
            served=$(grep -i "^$header:" "$head" | head -n 1 | cut -d: -f2- | tr -d ' \r')
            [ "$served" = "$value" ] || end failed "$path is served by release '$served' through the edge, wanted '$value'"
        fi
        if [ -n "$contains" ] && ! grep -qF -- "$contains" "$body"; then
            echo "probe $code $path $(head -c 300 "$body" | clean | tr '\n' ' ')"
            end failed "$path does not contain '$contains'"
        fi
    done
done
end ok "served as expected"
