# NAME FOLDER FORCE USERS EDGE_LOG EDGE_IS_OURS EDGE_RULE: install logrotate's rules, which are on standard input, and rotate by them
# now if FORCE is set. The rules are in place only when logrotate has nothing against them, nor against any other rule because of them.
NAME=$1 FOLDER=$2 FORCE=$3 USERS=$4 EDGE_LOG=$5 EDGE_IS_OURS=$6 EDGE_RULE=$7
FILE=handrail-$NAME
command -v logrotate >/dev/null || end failed "logrotate is not installed"
work=$RUN/logrotate.$TOKEN
trap 'rm -rf "$work"' EXIT
rm -rf "$work" && mkdir -m 700 "$work" && mkdir "$work/before" "$work/after" || end failed "cannot write to $RUN"
owner() { # FOLDER: the line for a directory that others than root may write to; whoever can could lead root anywhere by a link
    # shellcheck disable=SC2046  # a user, a group and a mode hold no spaces
    set -- $(stat -c '%U %G %a' "$1" 2>/dev/null)
    case ${1:-root} in
    root)
        case ${3:-755} in *[2367]?) [ "$2" = root ] || echo "    su root $2" ;; *[2367]) echo "    su root $2" ;; esac
        ;;
    *) echo "    su $1 $(id -gn "$1")" ;;
    esac
}
filled() { # rules on standard input, with what only this host knows
    rules=$(cat)
    for user in $USERS; do
        add_user "$user"
        rules=$(printf '%s\n' "$rules" | sed "s/@group $user@/$(id -gn "$user")/")
    done
    for folder in $(printf '%s\n' "$rules" | sed -n 's/^ *@su \(.*\)@$/\1/p' | sort -u); do
        line=$(owner "$folder")
        if [ -n "$line" ]; then rules=$(printf '%s\n' "$rules" | sed "s|^ *@su $folder@\$|$line|")
        else rules=$(printf '%s\n' "$rules" | sed "\|^ *@su $folder@\$|d"); fi
    done
    printf '%s\n' "$rules"
}
rotated_by() { # LOG: the name of another rule here that is about it
    for rule in "$work"/before/*; do
        set -f
        for pattern in $(logrotate --debug "$rule" 2>&1 | sed -n 's/^rotating pattern: \(.*[^ ]\)  *after .*/\1/p'); do
            # shellcheck disable=SC2254  # a pattern it is
            case $1 in $pattern) echo "${rule##*/}"; break 2 ;; esac
        done
        set +f
    done
    set +f
}
errors() { logrotate --debug "$1" 2>&1 | grep '^error:' | sort -u; }
for rule in "$FOLDER"/*; do
    case ${rule##*/} in "$FILE" | *.dpkg-*) ;; *) [ ! -f "$rule" ] || cp -p "$rule" "$work/before/" ;; esac
done
cp -p "$work/before/." "$work/after/" -R
filled >"$work/after/$FILE"
edge=""
if [ -n "$EDGE_LOG" ]; then
    other=$(rotated_by "$EDGE_LOG")
    if [ -n "$other" ] && [ -z "$EDGE_IS_OURS" ]; then
        edge="; the edge's log is rotated by $other"
    else # a rule for the host's nginx knows nothing of one in a container: ours comes first, and that one skips the file
        mark='^ *@ignoreduplicates@$'
        if [ -n "$other" ]; then mark="s/$mark/    ignoreduplicates/"; else mark="/$mark/d"; fi
        printf '%s\n' "$EDGE_RULE" | sed "$mark" | filled >>"$work/after/$FILE"
    fi
fi
chmod 644 "$work/after/$FILE"
errors "$work/before" >"$work/errors.before"
errors "$work/after" >"$work/errors.after"
new=$(comm -13 "$work/errors.before" "$work/errors.after" | head -n 3 | clean | tr '\n' ' ')
[ -z "$new" ] || end failed "not installed, for logrotate says: ${new% }"
did="" installed=no
if ! cmp -s "$work/after/$FILE" "$FOLDER/$FILE"; then
    # a name with this ending is none that logrotate reads
    cp "$work/after/$FILE" "$FOLDER/$FILE.dpkg-new" && chmod 644 "$FOLDER/$FILE.dpkg-new" && mv -fT "$FOLDER/$FILE.dpkg-new" "$FOLDER/$FILE" ||
        { rm -f "$FOLDER/$FILE.dpkg-new"; end failed "cannot write to $FOLDER: $(df -h "$FOLDER" | tail -n 1)"; }
    did="installed" installed=yes
fi
if [ -n "$FORCE" ]; then
    exec 9>&- # the rule for handrail's journal wants the lock alone; what is left to do would do no harm twice
    for try in 1 2 3 4 5; do # the daily run may be at it
        said=$(logrotate --verbose --force "$FOLDER/$FILE" 2>&1) && code=0 || code=$?
        [ "$code" = 3 ] || break
        sleep 2
    done
    count=$(printf '%s\n' "$said" | grep -c '^rotating log ')
    [ "$code" = 0 ] || end failed "rotated, but logrotate says: $(printf '%s\n' "$said" | grep '^error:' | head -n 3 | clean | tr '\n' ' ')"
    did="${did:+$did, }rotated $count log$([ "$count" = 1 ] || echo s)"
    note "rotate the logs" "$count"
fi
[ $installed = no ] || note "install log rotation" ok
lacks=""
if ! systemctl is-enabled -q logrotate.timer 2>/dev/null && [ ! -x /etc/cron.daily/logrotate ]; then
    lacks="; nothing runs logrotate every day on this host: systemctl enable --now logrotate.timer"
fi
[ -n "$did" ] || end unchanged "as described$edge$lacks"
end ok "$did$edge$lacks"
