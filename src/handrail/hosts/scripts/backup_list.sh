# VERIFY, then pairs NAME PATTERN: each dump of a backup, `dump NAME DIGEST AGE SIZE PATH` and what stands beside it, `about PATH JSON`.
# DIGEST is none, unchecked, or with VERIFY ok or wrong, which reads every dump. Changes nothing.
VERIFY=$1; shift
digest() { # PATH
    [ -f "$1.sha256" ] || { echo none; return; }
    [ -n "$VERIFY" ] || { echo unchecked; return; }
    if [ "$(nice -n 19 sha256sum <"$1" | cut -d' ' -f1)" = "$(cut -d' ' -f1 <"$1.sha256")" ]; then echo ok; else echo wrong; fi
}
while [ $# -ge 2 ]; do
    # shellcheck disable=SC2086  # a pattern it is
    for path in $2; do
        [ -f "$path" ] || continue
        # A name may hold anything but a space; what cannot be shown in it is a question mark.
        shown=$(printf %s "$path" | tr '\001-\040\177' '[?*]' | clean)
        echo "dump $1 $(digest "$path") $(($(date +%s) - $(stat -c %Y "$path"))) $(stat -c %s "$path") $shown"
        [ ! -f "$path.json" ] || echo "about $shown $(head -c 4000 "$path.json" | tr '\n' ' ' | clean)"
    done
    shift 2
done
end ok "listed"
