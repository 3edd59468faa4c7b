# WAY NAME ID: serve a certificate that was put here; WAY is on, or back to what was served before this run. What is on its way on
# when this run goes back must not happen any more, should it arrive late.
before=$TLS/.kept/$2/.before
case $1 in
back)
    true >"$RUN/.gone.$TOKEN"
    [ "$(cut -d' ' -f1 "$before" 2>/dev/null)" = "$TOKEN" ] || end unchanged "it was never swapped here"
    old=$(cut -d' ' -f2 "$before")
    [ -n "$old" ] && [ -d "$TLS/.kept/$2/$old" ] || end failed "the old certificate is not here any more"
    serve "$2" "$old" || end failed "cannot write to $TLS"
    note "swap back the certificate $2" "$old"
    end ok "the old certificate is back"
    ;;
esac
[ ! -f "$RUN/.gone.$TOKEN" ] || end failed "this run has gone back already"
[ -d "$TLS/.kept/$2/$3" ] || end failed "the certificate is not here"
[ "$(served "$2")" != "$3" ] || end unchanged "it is served already"
echo "$TOKEN $(served "$2")" >"$before.new" && mv -T "$before.new" "$before" && serve "$2" "$3" || end failed "cannot write to $TLS"
note "swap the certificate $2" "$3"
end ok "it is served from the next handshake on"
