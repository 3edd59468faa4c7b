# SLOT RELEASE STOP AFTER USER...: empty the idle slot, give it the release with its unit and environment files.
SLOT=$1 RELEASE=$2 STOP=$3 AFTER=$4; shift 4
[ -f "$ROOT/releases/$RELEASE/.complete" ] || end failed "release $RELEASE is not staged on this host"
for user; do
    add_user "$user"
done
eval "$STOP" 9>&- || end failed "the idle slot $SLOT does not stop"
put_files "$AFTER"
ln -sfnT "../releases/$RELEASE" "$ROOT/slots/.$SLOT.new" && mv -T "$ROOT/slots/.$SLOT.new" "$ROOT/slots/$SLOT" || end failed "cannot link the slot $SLOT"
note "ready $SLOT for $RELEASE" ok
end ok "$changed files changed"
