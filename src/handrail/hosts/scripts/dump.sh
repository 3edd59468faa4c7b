# What every script about dumps begins with. INSIDE runs the command in "$@" where the database's own programs are: on the host, or in
# its container. The password comes on standard input and is passed on in the environment, never in an argument.
DATABASE=$1 USER_=$2 PORT=$3 INSIDE=$4 FOLDER=$5; shift 5
IFS= read -r password || :
export PGPASSWORD="$password" PGCONNECT_TIMEOUT=5
STAMP='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z'
# By this name the server knows the connection of a dump.
CLIENT="handrail backup"
exec 8>>"$RUN/backup-lock.$DATABASE" || end failed "cannot write to $RUN"
inside() { eval "$INSIDE"; }
become() { eval "exec $INSIDE"; } # the same, in the place of the shell that calls it: its number is that of the program
query() { # SECONDS SQL
    timeout "$1" sh -c "$INSIDE" inside psql -X -w -q -A -t -F ' ' -h 127.0.0.1 -p "$PORT" -U "$USER_" -d "$DATABASE" -c "$2" </dev/null
}
disconnect() { # by the server: that reaches a pg_dump also in a container, where no signal of ours does
    query 4 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$CLIENT' AND datname = current_database()" >/dev/null 2>&1
}
end_other() { # end a dump that is still being written, by a run that nobody waits for any more; false when it does not end
    writer=$(cat "$RUN/backup.$DATABASE" 2>/dev/null)
    if [ -n "$writer" ] && grep -q pg_dump "/proc/$writer/cmdline" 2>/dev/null; then kill "$writer" 2>/dev/null; fi
    flock -w 8 8 || { disconnect; flock -w 8 8; }
}
remove_leftovers() { # only what has a name of ours: of dumps that were never whole, and what stood beside one that is gone
    # shellcheck disable=SC2231  # a pattern it is
    for path in "$FOLDER/.$DATABASE-"$STAMP.dump*.partial; do [ ! -f "$path" ] || rm -f "$path"; done
    for path in "$FOLDER/$DATABASE-"$STAMP.dump.sha256 "$FOLDER/$DATABASE-"$STAMP.dump.json; do
        [ -e "${path%.*}" ] || [ ! -f "$path" ] || rm -f "$path"
    done
}
