# put_files AFTER: put files (a tar in base64 on standard input) in place, each atomically, only those that differ; then, if any
# did, run AFTER; if AFTER fails, put the old ones back. Standard input because environment files hold secrets.
put_back() {
    while IFS= read -r file; do
        if [ ! -f "$incoming/old/$file" ]; then rm -f "/$file"; else put "$incoming/old/$file" "/$file"; fi || return 1
    done <"$incoming/changed"
}
put() { cp -p "$1" "$2.handrail" && mv -fT "$2.handrail" "$2"; }
put_one() {
    folder=${1%/*}
    mkdir -p "/$folder" "$incoming/old/$folder"
    [ ! -f "/$1" ] || cp -p "/$1" "$incoming/old/$1" || return 1
    echo "$1" >>"$incoming/changed" && put "$incoming/new/$1" "/$1"
}
give_up() { # REASON: what cannot be put back now stays here, and is put back by the next run
    put_back || { trap - EXIT; end failed "$1, and the old files cannot be put back: $(df -h / | tail -n 1)"; }
    end failed "$1, the old files are back"
}
forget() { rm -f "$incoming/changed"; rm -rf "$incoming"; } # never the old files before the list of what they are for
last_words() { printf %s "$1" | tail -n 3 | clean | tr '\n' ' '; }
undo_what_was_killed() { # in here, by a run before: nobody knows whether its files are good, or were taken in
    for incoming in "$RUN"/incoming.*; do
        [ -d "$incoming" ] || continue
        [ -f "$incoming/after" ] || { forget; continue; } # what it was to do is not known, and runs may have done it since
        [ ! -s "$incoming/changed" ] || put_back || end failed "cannot put back the files of a run that was killed, from $incoming"
        rm -f "$incoming/changed"
        reason=$(eval "$(cat "$incoming/after")" 2>&1 9>&- </dev/null) ||
            end failed "the files of a run that was killed are put back, and not taken in (remove $incoming to go on): $(last_words "$reason")"
        forget
    done
}
put_files() {
    undo_what_was_killed
    incoming=$RUN/incoming.$TOKEN
    trap forget EXIT
    trap : TERM # its time is over: what it was waiting for has ended by that, and the old files are put back
    mkdir -m 700 -p "$incoming" && mkdir "$incoming/new" "$incoming/old" && printf '%s\n' "$1" >"$incoming/after" &&
        true >"$incoming/changed" || end failed "cannot write to $RUN"
    base64 -d | tar -xpf - -C "$incoming/new" || end failed "the files arrived broken"
    (cd "$incoming/new" && find . -type f | cut -c3-) >"$incoming/list"
    while IFS= read -r file; do
        cmp -s "$incoming/new/$file" "/$file" && continue
        put_one "$file" || give_up "cannot write /$file ($(df -h "/$(dirname "$file")" | tail -n 1))"
    done <"$incoming/list"
    changed=$(wc -l <"$incoming/changed")
    [ "$changed" -gt 0 ] || return 0
    reason=$(eval "$1" 2>&1 9>&-) || give_up "the files are not taken in: $(last_words "${reason:-$1}")"
    forget # now: where nobody hears the answer any more, the shell ends without its EXIT
}
