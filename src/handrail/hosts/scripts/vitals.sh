# Groups that begin with a word, see below: all numbers that are judged of this host, in one round trip. The questions are asked
# at once, each on its own: one that fails says so, and the others are answered all the same. Changes nothing.
# Passwords of datastores come on standard input, a line for each. An answer is `answer CHECK WHAT NUMBERS…`.
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && trap 'exit 1' TERM HUP || end failed "cannot write to ${TMPDIR:-/tmp}"
count=0
question() { # CHECK WHAT COMMAND...
    count=$((count + 1))
    said=$folder/$count
    answered "$@" &
}
answered() {
    check=$1 what=$2; shift 2
    if "$@" >"$said.out" 2>"$said.err" && [ -s "$said.out" ]; then
        sed -E "s|^([a-z]+)|\1 $check $what|" "$said.out" >"$said"
    else
        reason=$(tail -n 1 "$said.err" | clean)
        echo "failed $check $what ${reason:-no answer}" >"$said"
    fi
}
read_password() {
    IFS= read -r password || :
    export PGPASSWORD="$password" PGCONNECT_TIMEOUT=2 REDISCLI_AUTH="$password"
}
limited() { # SECONDS COMMAND...
    timeout "$@" || { code=$?; [ "$code" != 124 ] || echo "no answer within $1 s" >&2; return "$code"; }
}
cpu() {
    before=$(head -n 1 /proc/stat) && sleep 1
    { echo "$before"; cat /proc/stat /proc/loadavg; } | awk -v processors="$(nproc)" '
        $1 == "cpu" { all = 0; for (i = 2; i <= 9; i++) all += $i; spent = all - last; idle = $5 + $6 - rest; last = all; rest = $5 + $6 }
        END { printf "answer %d %d\n", spent ? 100 - idle * 100 / spent : 0, $2 * 100 / processors }'
}
memory() {
    awk '{ kb[$1] = $2 } END { printf "answer %d %d\n", 100 - kb["MemAvailable:"] * 100 / kb["MemTotal:"], kb["MemAvailable:"] }' /proc/meminfo
}
disk() { # what df says of inodes is - where there are none
    columns=--output=pcent,ipcent,avail,target
    { limited 10 df -k "$columns" "$ROOT" /; limited 10 df -kl "$columns" -x tmpfs -x devtmpfs -x overlay -x squashfs -x iso9660; } 2>/dev/null |
        tr -d % | sort -u -k4 | while read -r used inodes free where; do
            case $used in *[!0-9]*) continue ;; esac
            case $inodes in *[!0-9]*) inodes=0 ;; esac
            [ ! -d "$where" ] || echo "answer $used $inodes $free $where"
        done
}
traffic() { # LOG SECONDS: a line is time, slot, status, seconds, upstream; the hold page is 503 from no upstream
    [ -f "$1" ] || { echo "there is no $1" >&2; return 1; }
    since=$(($(date +%s) - $2))
    { [ -z "$(find "$1.1" -newermt "@$since" 2>/dev/null)" ] || tail -c 100000000 "$1.1"; tail -c 100000000 "$1"; } | awk -F'\t' -v since="$since" '
        $1 < since || $1 !~ /^[0-9.]+$/ { next }
        $3 == 503 && $5 == "-" { held++; next }
        { n++; if ($3 >= 500) bad++; ms = int($4 * 1000 + 0.5); times[ms]++; if (ms > most) most = ms }
        END {
            for (p95 = 0; p95 < most; p95++) { if (p95 in times) seen += times[p95]; if (seen >= n * 0.95) break }
            printf "answer %d %d %d %d\n", n, bad, p95, held
        }'
}
errors() { # READ: a shell line that prints the log of a day, each line after its time; lines that differ in numbers alone are one group
    { limited 60 nice -n 19 sh -c "$1" 2>"$said.read" || echo $? >"$said.code"; } | awk '
        {   # the word may be in the name of the program: SECONDS NAME[PID]: or SECONDS NAME-SLOT:
            text = $0; sub(/^[^ ]+ +/, "", text); sub(/^[A-Za-z0-9_.@-]+\[[0-9]+\]: /, "", text)
            line = text; sub(/^[A-Za-z0-9_.-]+-(blue|green): /, "", line); line = tolower(line)
        }
        line !~ /error|exception|fatal|panic|critical|traceback|refused|timed out|unhandled|"level":(50|60)/ { next }
        line ~ /(^|[^0-9])0 errors|no errors?([^a-z]|$)|errors?[" ]*[:=] *("?(0|null|none|false)"?)([^0-9a-z]|$)/ { next }
        {
            n++
            key = substr(tolower(text), 1, 200); gsub(/[0-9]+/, "#", key); gsub(/#[a-f#-]+/, "#", key)
            while (gsub(/[a-f-]#/, "#", key)) continue # in steps: mawk 1.3.4 misses matches of a pattern that begins with *
            if (key in times || ++keys <= 10000) { times[key]++; last[key] = substr(text, 1, 1000) }
        }
        END { print "answer", n + 0; for (key in times) print "group", times[key], last[key] }' | sort -k1,1 -k2,2rn | head -n 4
    [ ! -f "$said.code" ] || { tail -n 1 "$said.read" >&2; return 1; }
}
connections() { # INSIDE PORT USER DATABASE
    limited 10 sh -c "$1" inside psql -X -w -q -A -t -F ' ' -h 127.0.0.1 -p "$2" -U "$3" -d "$4" -c "
        SELECT 'answer', count(*) FILTER (WHERE state = 'active'), count(*), current_setting('max_connections') FROM pg_stat_activity
        WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid()"
}
cache() { # INSIDE PORT
    pong=$(limited 5 sh -c "$1" inside timeout 2 redis-cli -h 127.0.0.1 -p "$2" ping 2>&1)
    [ "$pong" = PONG ] || { echo "$pong" >&2; return 1; }
    limited 5 sh -c "$1" inside redis-cli -h 127.0.0.1 -p "$2" info memory | tr -d '\r' | awk -F: '
        { value[$1] = $2 } END { if ("used_memory" in value) print "answer", value["used_memory"], value["maxmemory"] + 0 }'
}
backups() { # GLOB
    # shellcheck disable=SC2086  # a glob
    newest=$(stat -c '%Y %s %n' $1 2>/dev/null | sort -n | tail -n 1)
    [ -n "$newest" ] || { echo "there is no $1" >&2; return 1; }
    echo "answer $(($(date +%s) - ${newest%% *})) ${newest#* }"
}
largest() { # COUNT
    echo "answer found"
    newline=$(printf '\n.')
    limited 60 nice -n 19 find "$ROOT" -xdev -type f ! -path "*${newline%.}*" -printf 'group %s %p\n' | sort -k2,2rn | head -n "$1"
}
while [ $# -gt 0 ]; do
    case $1 in
    cpu | memory | disk) question "$1" - "$1"; shift ;;
    traffic) question traffic - traffic "$2" "$3"; shift 3 ;;
    largest) question largest - largest "$2"; shift 2 ;;
    errors | backups) question "$1" "$2" "$1" "$3"; shift 3 ;;
    connections) read_password; question connections "$2" connections "$3" "$4" "$5" "$6"; shift 6 ;;
    cache) read_password; question cache "$2" cache "$3" "$4"; shift 4 ;;
    *) end failed "nobody knows how to ask for $1" ;;
    esac
done
wait
for number in $(seq "$count"); do clean <"$folder/$number"; done
end ok "asked"
