# WAY ADDRESS: out takes a host out of this edge's traffic, in puts it back. One that is on its way out when this run puts it back must
# not go out any more, should that arrive late.
back="$RUN/.in.$TOKEN.$2"
case $1 in
out)
    [ ! -f "$back" ] || end failed "this run has put the host back already"
    mkdir -p "$ROOT/gate/out" && chmod 755 "$ROOT/gate/out" && true >"$ROOT/gate/out/$2" || end failed "cannot write to $ROOT/gate"
    words="no new request goes there"
    ;;
*)
    true >"$back" && rm -f "$ROOT/gate/out/$2" || end failed "cannot write to $ROOT/gate"
    words="requests go there again"
    ;;
esac
note "$1 of traffic" "$2"
end ok "$words"
