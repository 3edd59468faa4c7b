# RELEASE DIGEST UPLOAD BUILD USER PREPARE: unpack and build a release where nobody uses it, under a hidden name until it is whole.
# The build runs as the service's user; what it made belongs to root afterwards, so that the service cannot change itself.
# PREPARE is what the runtimes still need, such as images: also of a release that is here, for somebody may have removed them.
RELEASE=$1 DIGEST=$2 UPLOAD=$3 BUILD=$4 BUILD_USER=$5 PREPARE=$6; shift 6
export RELEASE
prepare() { # DIRECTORY
    [ -n "$PREPARE" ] || return 0
    reason=$(cd "$1" && eval "$PREPARE" 2>&1 9>&-) || end failed "cannot prepare the release: $(printf %s "$reason" | tail -n 5 | clean | tr '\n' ' ')"
}
target=$ROOT/releases/$RELEASE partial=$ROOT/releases/.$RELEASE.partial
home=""
trap 'rm -rf "$partial" ${home:+"$home"}; [ -z "$UPLOAD" ] || rm -f "$UPLOAD"' EXIT
if [ "$(cat "$target/.complete" 2>/dev/null)" = "$DIGEST" ]; then prepare "$target"; end unchanged "already staged"; fi
[ -n "$UPLOAD" ] || end failed "release $RELEASE is not on this host and no artifact was sent"
found=$(sha256sum "$UPLOAD" | cut -d' ' -f1)
[ "$found" = "$DIGEST" ] || end failed "the artifact arrived with digest $found instead of $DIGEST"
rm -rf "$partial" && mkdir -p "$partial" || end failed "cannot write to $ROOT/releases"
reason=$(tar -xzf "$UPLOAD" --no-same-owner --no-same-permissions -C "$partial" 2>&1) || end failed "cannot unpack: $(printf %s "$reason" | head -n 1 | clean)"
if [ -n "$BUILD" ]; then
    add_user "$BUILD_USER"
    home=$(mktemp -d) && chown -R "$BUILD_USER" "$partial" "$home" || end failed "cannot write to ${TMPDIR:-/tmp}" # npm and pip keep a cache there
    reason=$(cd "$partial" && runuser -u "$BUILD_USER" -- env HOME="$home" sh -c "$BUILD" 2>&1 9>&-) || end failed "build failed: $(printf %s "$reason" | tail -n 5 | clean | tr '\n' ' ')"
    chown -R root:root "$partial"
fi
prepare "$partial"
echo "$DIGEST" >"$partial/.complete" && sync -f "$partial/.complete" || end failed "cannot finish the release: $(df -h "$ROOT" | tail -n 1)"
rm -rf "$target" && mv -T "$partial" "$target" || end failed "cannot move the release into place"
note "stage $RELEASE" ok
end ok "staged"
