# KEEP_LOGS KEEP_DUMPS PM2_USER PM2_BYTES JOURNAL DOCKER REPOSITORIES KEEP_ROTATED then triples: KIND FOLDER PATTERN: find what can be freed.
# `candidates` is the only one that decides: the look shows what it lists, and the act frees what it lists. Minutes, bytes; JOURNAL and
# DOCKER may be empty. Names may hold anything, so records end with NUL: first as "KEY KIND BLOCKS PATH", then without the key, which
# is the file's own number. Blocks have 512 bytes and are what a file takes from the disk, which of a file with holes is less.
KEEP_LOGS=$1 KEEP_DUMPS=$2 PM2_USER=$3 PM2_BYTES=$4 JOURNAL=$5 DOCKER=$6 REPOSITORIES=$7 KEEP_ROTATED=$8; shift 8
PM2_TAIL=1048576   # what is kept of a log of PM2 that is cut down
DAY=1440           # an upload takes minutes
HOUR=3600          # so does a build, whose layers have no name before its end
exec 4>&1
problem() { printf 'problem %s\n' "$*" | clean >&4; }
HERE=$(cd -P -- "$ROOT" 2>/dev/null && pwd -P) || HERE=$ROOT
# A directory that is reached through a symbolic link is another one: whoever may write to a parent could choose which.
itself() { [ "$(cd -P -- "$1" 2>/dev/null && pwd -P)" = "$1" ]; }
usable() { # FOLDER
    [ -e "$1" ] || return 1
    itself "$1" || { problem "$1 is not a directory, or is reached through a symbolic link: it is left alone"; return 1; }
}
dump_files() { # FOLDER PATTERN TEST...: dumps, also by a pattern that finds what stands beside them: that would be the newest, and freed alone
    place=$1 pattern=$2; shift 2
    find "$place" -mindepth 1 -maxdepth 1 -name "$pattern" -type f -size +0 ! -name '*.sha256' ! -name '*.md5' ! -name '*.log' ! -name '*.dump.json' \
        "$@" 2>/dev/null
}
newest() { # FOLDER PATTERN [TEST...]: the key of the newest dump. One that is empty is none, for a backup that failed may have left it; nor is
    # one that is being written, for it may fail yet
    dump_files "$@" -printf '%T@ ^%D:%i \n' | sort -n |
        sed 's/^[^ ]* //' | grep -vxFf /dev/fd/3 3<<END | tail -n 1
$open
END
}
kept() { # KIND FOLDER PATTERN...: the keys of files that stay: those that a program has open, the newest dump of each pattern, and
    # the newest that was proved when it was taken, which is another one where somebody else writes dumps, too
    open=$(find -L /proc/[0-9]*/fd -mindepth 1 -maxdepth 1 -type f -printf '^%D:%i \n' 2>/dev/null | sort -u)
    printf '%s\n' '^- ' "${open:-^- }"
    while [ $# -ge 3 ]; do
        [ "$1" != dump ] || { newest "$2" "$3"; newest "$2" "$3" -exec test -f '{}.sha256' \; ; }
        shift 3
    done
}
logs() { # rotated ones anywhere below the system's directory; others only where logs are: some databases call their data *.log
    find "$HERE" -xdev \( -path "$HERE/releases" -o -path "$HERE/slots" -o -path "$HERE/env" -o -path "$HERE/gate" -o -path "$HERE/lease" \
        -o -path "$HERE/pm2" -o -path "$HERE/compose" \) -prune -o -type f \
        \( \( -name '*.log.[0-9]*' -o -name '*.log-[0-9]*' -o -name '*.log.gz' \) -mmin "+$KEEP_ROTATED" -o -name '*.log' -mmin "+$KEEP_LOGS" \
        \( -path "$HERE/logs/*" -o -path "$HERE/*/logs/*" -o -path "$HERE/log/*" -o -path "$HERE/*/log/*" -o -path "$HERE/.pm2/*" \) \) -printf '%D:%i log %b %p\0' 2>/dev/null
}
dumps() { # FOLDER PATTERN
    if ! dump_files "$1" "$2" -printf ''; then
        problem "$1 cannot be read fully: no dump in it is freed"
        return
    fi
    dump_files "$1" "$2" -mmin "+$KEEP_DUMPS" -printf '%D:%i dump %b %p\0'
}
named() { # KIND FOLDER PATTERN...: files in the places that the description names
    while [ $# -ge 3 ]; do
        case $1 in
        dump) ! usable "$2" || dumps "$2" "$3" ;;
        log) ! usable "$2" || find "$2" -mindepth 1 -maxdepth 1 -name "$3" -type f -mmin "+$KEEP_LOGS" \
            \( ! -name '*.log.[0-9]*' ! -name '*.log-[0-9]*' ! -name '*.log.gz' -o -mmin "+$KEEP_ROTATED" \) -printf '%D:%i log %b %p\0' 2>/dev/null ;;
        upload) ! itself "$2" || find "$2" -mindepth 1 -maxdepth 1 -name "$3" -type f -mmin "+$DAY" -printf '%D:%i upload %b %p\0' 2>/dev/null ;;
        esac
        shift 3
    done
}
pm2_logs() { # open or not: PM2 appends, so that a log which is cut down goes on at its new end
    [ -n "$PM2_USER" ] || return 0
    for folder in "$HERE/logs" "$HERE/.pm2" "$HERE/.pm2/logs"; do
        ! itself "$folder" || find "$folder" -mindepth 1 -maxdepth 1 -name '*.log' -type f -links 1 -size "+${PM2_BYTES}c" -printf '%D:%i pm2-log %b %p\0' 2>/dev/null
    done
}
needed() { # names of the releases that stay
    if [ -e "$HERE/good" ]; then cat "$HERE/good" || return 1; fi
    for slot in blue green; do
        [ ! -L "$HERE/slots/$slot" ] || basename "$(readlink "$HERE/slots/$slot")" || return 1
    done
}
releases() { # those that no slot holds and that never proved good, and what a dead run left half unpacked
    for path in "$HERE"/releases/*/ "$HERE"/releases/.*.partial/; do
        path=${path%/}
        if [ ! -d "$path" ] || [ -L "$path" ] || printf '%s\n' "$needed" | grep -qxFe "${path##*/}"; then continue; fi
        printf '%s release %s %s\0' "$(stat -c %d:%i "$path")" "$(du -s --block-size=512 "$path" 2>/dev/null | cut -f1)" "$path"
    done
}
# Images without a name and images of releases that do not stay, unless a container has them, running or stopped.
images() {
    [ -n "$DOCKER" ] || return 0
    containers=$(timeout 20 docker ps --all --quiet --no-trunc 2>&1) || { problem "docker: $(printf %s "$containers" | tail -n 1)"; return; }
    # shellcheck disable=SC2086  # identifiers hold no spaces
    used=$([ -z "$containers" ] || timeout 20 docker container inspect --format '{{.Image}}' $containers 2>/dev/null)
    # One that went meanwhile is an error, too; but who hangs has not told what is used.
    [ $? != 124 ] || { problem "docker: no answer about its containers within 20 s; no image is freed"; return; }
    sizes=$(timeout 60 docker system df --verbose --format '{{range .Images}}{{.ID}} {{.UniqueSize}}{{println}}{{end}}' 2>/dev/null)
    young=$(date -u -d "-$HOUR seconds" +%Y-%m-%dT%H:%M:%S)
    {
        timeout 20 docker image ls --no-trunc --filter dangling=true --format '{{.ID}} {{.ID}}'
        for repository in $REPOSITORIES; do timeout 20 docker image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' "$repository"; done
    } 2>/dev/null | while read -r id name; do
        printf '%s\n' "$used" | grep -qxFe "$id" && continue
        if [ "$id" = "$name" ]; then
            created=$(timeout 20 docker image inspect --format '{{.Created}}' "$id" 2>/dev/null) || continue
            [ "$(printf '%s\n' "$young" "$created" | sort | head -n 1)" != "$young" ] || continue
        else
            printf '%s\n' "${name##*:}" | grep -qE '^.+-[0-9a-f]{12}$' || continue
            ! printf '%s\n' "$needed" | tr + _ | grep -qxFe "${name##*:}" || continue
        fi
        printf '%s image %s %s\0' "$name" "$(printf '%s\n' "$sizes" | blocks_of "$id")" "$name"
    done
}
blocks_of() { # WORD: the sum of lines "WORD 5.768kB"; of an image what no other one shares with it
    awk -v word="$1" '$1 == word { n = $2 + 0; u = $2; gsub(/[0-9.]/, "", u)
        blocks += n * (u ~ /^k/ ? 1e3 : u ~ /^M/ ? 1e6 : u ~ /^G/ ? 1e9 : u ~ /^T/ ? 1e12 : 1) / 512 } END { printf "%.0f", blocks }'
}
builds() { # what BuildKit kept for the next build, and none has used for a day; each deploy that builds an image adds to it
    [ -n "$DOCKER" ] || return 0
    day=$(date -u -d "-$DAY minutes" '+%Y-%m-%d %H:%M:%S')
    listed='{{range .BuildCache}}{{.InUse}} {{.Shared}} {{.CacheType}} {{.Size}} {{.LastUsedAt}}{{println}}{{end}}'
    blocks=$(timeout 60 docker system df --verbose --format "$listed" 2>/dev/null |
        awk -v day="$day" '$1 $2 == "falsefalse" && $3 !~ /^(internal|frontend)$/ && $5 ~ /^2/ && $5 " " $6 < day { print "old", $4 }' | blocks_of old)
    [ "$blocks" -le 0 ] || printf 'build build-cache %s not used for a day\0' "$blocks"
}
journal_blocks() { find /var/log/journal /run/log/journal -type f -name "$1" -printf '%b\n' 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }'; }
journal() { # what is archived above the limit: the file that is written to is never cut
    [ -n "$JOURNAL" ] || return 0
    over=$(($(journal_blocks '*') - JOURNAL / 512)) archived=$(journal_blocks '*@*')
    [ "$over" -le "$archived" ] || over=$archived
    [ "$over" -le 0 ] || printf 'journal journal %s systemd\047s journal\0' "$over"
}
candidates() { # KIND FOLDER PATTERN...: each file once, also if two patterns find it
    needed=$(needed 2>/dev/null) || { problem "the list of good releases cannot be read: no release and no image is freed"; needed=""; unknown=yes; }
    kept=$(kept "$@")
    {
        { logs; named "$@"; } | grep -zvf /dev/fd/3 3<<END
$kept
END
        pm2_logs
        journal
        builds
        [ -n "${unknown:-}" ] || { releases; images; }
    } | sort -zus -k 1,1 | sed -z 's/^[^ ]* //'
}
lines() { # records as lines "KIND BYTES PATH"; what cannot be shown in a name is a question mark
    tr '\012\000\001-\011\013-\037\177' '?\012[?*]' | clean | awk -v tail="$PM2_TAIL" '{
        bytes = $2 * 512 - ($1 == "pm2-log" ? tail : 0); kind = $1
        sub(/^[^ ]+ [^ ]+ /, ""); printf "%s %.0f %s\n", kind, (bytes > 0 ? bytes : 0), $0 }'
}
