# SLOT RELEASE STOP AFTER USERS then pairs: SERVICE NUMBER: empty the idle slot, give it the release with the files of its instances.
SLOT=$1 RELEASE=$2 STOP=$3 AFTER=$4 USERS=$5; shift 5
[ -f "$ROOT/releases/$RELEASE/.complete" ] || end failed "release $RELEASE is not staged on this host"
for user in $USERS; do add_user "$user"; done
new_to_instances "$@" || end failed "cannot write to $ROOT/gate"
reason=$(eval "$STOP" 2>&1 9>&-) || end failed "the idle slot $SLOT does not stop: $(printf %s "$reason" | tail -n 1 | clean)"
put_files "$AFTER"
ln -sfnT "../releases/$RELEASE" "$ROOT/slots/.$SLOT.new" && mv -T "$ROOT/slots/.$SLOT.new" "$ROOT/slots/$SLOT" || end failed "cannot link the slot $SLOT"
note "ready $SLOT for $RELEASE" ok
end ok "$changed files changed"
