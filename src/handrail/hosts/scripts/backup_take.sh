# SECONDS DATASTORE SYSTEM ENVIRONMENT RELEASE: dump DATABASE into FOLDER, prove that the dump can be read, and only then give it its
# name: a dump that fails in any way has none, and changes nothing about those that are there.
LIMIT=$1 DATASTORE=$2 SYSTEM=$3 ENVIRONMENT=$4 RELEASE=$5
umask 077
began=$(clock)
partial="" working="" watcher=""
flock -n 8 || end_other || end failed "another dump of $DATABASE is still being written"
echo $$ >"$RUN/backup.$DATABASE"
# The dump changes nothing that the lock is for, and may take an hour: a run that takes the lease over must not wait for it.
exec 9>&-
away() {
    for process in $watcher $working; do kill "$process" 2>/dev/null; done
    rm -f "$RUN/backup.$DATABASE" "$RUN/backup.$DATABASE".[a-z]*
    [ -z "$partial" ] || rm -f "$partial" "$partial".*
}
stopped() {
    trap '' TERM
    [ -z "$working" ] || kill "$working" 2>/dev/null
    disconnect
    # shellcheck disable=SC2046  # a word and its text
    end $(cat "$RUN/backup.$DATABASE.why" 2>/dev/null || echo "failed the dump was ended before it was whole; it is gone")
}
trap away EXIT
trap stopped TERM HUP INT
space() { df -Pk "$FOLDER" | awk -v column="$1" 'END { print $column }'; } # 2: all of it, 4: what is free; KiB
mine() { # whether the lease is still this run's: nobody took it over, and somebody renews it
    [ "$(fence)" = "$TOKEN" ] || { echo "refused token $TOKEN is older than $(fence); the dump is ended"; return 1; }
    expires=$(cut -f2 "$RUN/lease" 2>/dev/null)
    [ "${expires:-0}" -gt "$(clock)" ] || { echo "failed nobody renews the lease of this run any more; the dump is ended"; return 1; }
}
fits() {
    [ "$(space 4)" -gt "$reserve" ] || { echo "failed the disk fills up: $(($(space 4) / 1024)) MiB are free in $FOLDER, and $((reserve / 1024)) stay so; the dump is ended"; return 1; }
    [ $((($(clock) - began) / 100)) -lt "$LIMIT" ] || { echo "failed not done within $LIMIT s; the dump is ended"; return 1; }
}
watch() {
    while sleep 1 && kill -0 $$ 2>/dev/null; do
        if ! said=$(mine && fits); then
            echo "$said" >"$RUN/backup.$DATABASE.why"
            kill $$
            return
        fi
    done
}
work() { # WHAT COMMAND...: what takes long; a signal does not wait for its end
    what=$1; shift
    "$@" >"$RUN/backup.$DATABASE.out" 2>"$RUN/backup.$DATABASE.err" &
    working=$!
    wait "$working" && code=0 || code=$?
    working=""
    [ "$code" = 0 ] || end failed "$what: $(sed -E 's/^pg_(dump|restore): ((error|detail|hint): )?//' "$RUN/backup.$DATABASE.err" | head -n 3 | clean | tr '\n' ' ' | cut -c1-400)"
}
dump() { # a table that somebody has locked for long must not keep everybody behind this
    become nice -n 19 pg_dump -Fc -w --lock-wait-timeout=30000 -h 127.0.0.1 -p "$PORT" -U "$USER_" \
        -d "dbname=$DATABASE application_name='$CLIENT'" </dev/null >"$partial"
}
contents() { become pg_restore --list <"$partial"; }
whole() { become nice -n 19 pg_restore -f /dev/null <"$partial"; } # the contents stand at the beginning of a dump: this reads its data, too
digest() { exec sha256sum <"$partial"; }
tables() { # what a dump must hold: tables of people, by the number that the contents tell them by
    found=$(query 30 "SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')") &&
        printf '%s\n' "$found" | sed '/^$/d' | sort
}
listed() { # in the form of `tables`; an ordinary table must have its data, too
    awk '$2 == 1259 && $4 == "TABLE" { named[$3] } $2 == 0 && $4 == "TABLE" && $5 == "DATA" { data[$3] }
        END { for (oid in named) { print oid " p"; if (oid in data) print oid " r" } }' "$RUN/backup.$DATABASE.out" | sort
}
enough() { # KiB that the dump may need: as the last one for each byte of the database and half as much again; else as the database
    last=$(find "$FOLDER" -maxdepth 1 -name "$DATABASE-$STAMP.dump.json" -type f | sort | tail -n 1)
    { [ -z "$last" ] || cat "$last"; echo; } | sed 's/ //g; s/[{},]/\n/g' | awk -F: -v now="$database_bytes" '
        { value[$1] = $2 }
        END { then = value["\"database_bytes\""]; size = value["\"size_bytes\""]; need = (then && size) ? size / then * now * 1.5 : now; printf "%.0f\n", need / 1024 }'
}

[ -d "$FOLDER" ] || { mkdir -p "${FOLDER%/*}" && mkdir -m 700 "$FOLDER"; } 2>/dev/null || end failed "cannot make $FOLDER"
[ "$(cd -P -- "$FOLDER" && pwd -P)" = "$FOLDER" ] || end failed "$FOLDER is reached through a symbolic link; name the directory itself"
# shellcheck disable=SC2046  # numbers
set -- $(stat -c '%u %a' "$FOLDER")
case $1,$2 in
"$(id -u)",*[2367]? | "$(id -u)",*[2367]) end failed "others may write to $FOLDER, and could put another file in the place of a dump: chmod 700 $FOLDER" ;;
"$(id -u)",*) ;;
*) end failed "$FOLDER is $(stat -c %U "$FOLDER")'s, who could put another file in the place of a dump: chown $(id -un) $FOLDER; chmod 700 $FOLDER" ;;
esac
remove_leftovers

facts=$(query 20 "SELECT current_setting('server_version_num')::int / 10000, pg_database_size(current_database()), pg_is_in_recovery(), current_setting('server_version')" 2>&1) ||
    end failed "$DATASTORE does not answer: $(printf %s "$facts" | tail -n 1 | clean)"
# shellcheck disable=SC2086  # three words, then the version
set -- $facts
server=$1 database_bytes=$2 standby=$3
shift 3
version=$(printf %s "$*" | tr -cd 'A-Za-z0-9.()+~: -')
client=$(inside pg_dump --version </dev/null 2>/dev/null | sed -n 's/^pg_dump (PostgreSQL) \([0-9]*\).*/\1/p')
[ -n "$client" ] && inside pg_restore --version </dev/null >/dev/null 2>&1 || end failed "there is no pg_dump and pg_restore: apt-get install postgresql-client-$server"
[ "$client" -ge "$server" ] || end failed "pg_dump is of PostgreSQL $client, and cannot dump from $server: apt-get install postgresql-client-$server"

# As mke2fs(8) keeps 5 % for root, which is whom we write as: without this the database next door would be the first without a place.
reserve=$(($(space 2) / 20))
[ "$reserve" -lt 1048576 ] || reserve=1048576
need=$(enough)
[ "$(space 4)" -gt $((need + reserve)) ] ||
    end failed "the dump may need $((need / 1024 + 1)) MiB, and $((reserve / 1024)) stay free, but $FOLDER has $(($(space 4) / 1024)): fab disk shows what could be freed"

name=$DATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump
while [ -e "$FOLDER/$name" ]; do sleep 0.5; name=$DATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump; done
taken=$(date -u +%Y-%m-%dT%H:%M:%SZ)
partial=$FOLDER/.$name.partial
tables >"$RUN/backup.$DATABASE.before" 2>/dev/null || end failed "$DATASTORE does not say which tables there are"
watch >/dev/null 2>&1 8>&- &
watcher=$!
work "pg_dump" dump
tables >"$RUN/backup.$DATABASE.after" 2>/dev/null || end failed "$DATASTORE does not say which tables there are"
work "pg_restore cannot read the dump" contents
# What was there before and after must be in it; what came or went meanwhile may be.
comm -12 "$RUN/backup.$DATABASE.before" "$RUN/backup.$DATABASE.after" >"$RUN/backup.$DATABASE.wanted"
listed >"$RUN/backup.$DATABASE.listed"
lacks=$(comm -23 "$RUN/backup.$DATABASE.wanted" "$RUN/backup.$DATABASE.listed" | wc -l)
count=$(wc -l <"$RUN/backup.$DATABASE.wanted")
[ "$lacks" = 0 ] || end failed "the dump lacks $lacks of the $count tables of $DATABASE"
work "pg_restore cannot read the dump to its end" whole
work "sha256sum" digest
digest=$(cut -d' ' -f1 "$RUN/backup.$DATABASE.out")
size=$(stat -c %s "$partial")
hundredths=$(($(clock) - began))
seconds=$((hundredths / 100)).$((hundredths / 10 % 10))
echo "$digest  $name" >"$partial.sha256"
printf '{"format":1,"system":"%s","environment":"%s","datastore":"%s","database":"%s","taken":"%s","run":"%s","release":"%s","sha256":"%s","size_bytes":%s,"database_bytes":%s,"tables":%s,"seconds":%s,"server_version":"%s","standby":%s}\n' \
    "$SYSTEM" "$ENVIRONMENT" "$DATASTORE" "$DATABASE" "$taken" "$RUN_ID" "$RELEASE" "$digest" "$size" "$database_bytes" "$count" "$seconds" \
    "$version" "$([ "$standby" = t ] && echo true || echo false)" >"$partial.json"
work "cannot write to $FOLDER" sync "$partial" "$partial.sha256" "$partial.json"

exec 9>>"$RUN/lock"
flock -s -w 10 9 || end failed "the lock of this system is busy on this host"
# shellcheck disable=SC2086  # a word and its text
said=$(mine) || end $said
trap '' TERM HUP INT
# The dump last: where it has its name, what proves it is beside it.
mv -T "$partial.json" "$FOLDER/$name.json" && mv -T "$partial.sha256" "$FOLDER/$name.sha256" && mv -T "$partial" "$FOLDER/$name" && sync "$FOLDER" ||
    { rm -f "$FOLDER/$name" "$FOLDER/$name.sha256" "$FOLDER/$name.json"; end failed "cannot give the dump its name in $FOLDER"; }
note "back up $DATABASE" "$name $size bytes"
end ok "$FOLDER/$name: $count table$([ "$count" = 1 ] || echo s), $size bytes, sha256 $digest"
