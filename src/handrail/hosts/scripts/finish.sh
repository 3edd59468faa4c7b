# RECORD GOOD KEEP TAKE_BACK: write the record of the run, keep the good releases, prune the rest, give the lease back.
# A failed release never pushes out a good one: only lines of ROOT/good count towards KEEP.
RECORD=$1 GOOD=$2 KEEP=$3 BAD=$4
if [ -n "$RECORD" ]; then printf '%s\n' "$RECORD" >>"$ROOT/journal" || echo "warning the record could not be written: $(df -h "$ROOT" | tail -n 1)"; fi
touch "$ROOT/good"
if [ -n "$GOOD$BAD" ]; then
    { grep -vxF -e "${GOOD:-/}" -e "${BAD:-/}" "$ROOT/good"; [ -z "$GOOD" ] || printf '%s\n' "$GOOD"; } | tail -n "$KEEP" >"$ROOT/good.new" && mv -T "$ROOT/good.new" "$ROOT/good" || echo "warning the list of good releases could not be written"
fi
blue=$(readlink "$ROOT/slots/blue") green=$(readlink "$ROOT/slots/green")
# First out of sight: of a prune that is cut off nothing may be left that looks whole. A name of its own, for who stages meanwhile.
for path in "$ROOT"/releases/*/ "$ROOT"/releases/.*.partial/; do
    [ -d "$path" ] || continue
    release=${path%/}
    release=${release##*/}
    case $release in "${blue##*/}" | "${green##*/}") continue ;; esac
    grep -qxF "$release" "$ROOT/good" && continue
    mv -T "${path%/}" "$ROOT/releases/.gone.$TOKEN.$release.partial" && echo "pruned $release"
done
# Late words of older runs are refused by their token; those of this one are until the next run ends.
for path in "$RUN"/.in.*; do
    case $path in "$RUN/.in.$TOKEN."*) ;; *) rm -f "$path" ;; esac
done
# What the timer of another run still has to run stays as long as anything is unconfirmed.
[ -n "$(ls "$RUN"/blue "$RUN"/green "$RUN"/blue.[0-9]* "$RUN"/green.[0-9]* 2>/dev/null)" ] || rm -f "$RUN"/.revert.*
rm -f "$RUN/lease"
exec 9>&- # nobody waits while much is removed
rm -rf "$ROOT"/releases/.gone.*.partial
end ok "recorded"
