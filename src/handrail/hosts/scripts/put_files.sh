# put_files AFTER: put files (a tar in base64 on standard input) in place, each atomically, only those that differ; then, if any
# did, run AFTER; if AFTER fails, put the old ones back. Standard input because environment files hold secrets.
put_back() {
    while IFS= read -r file; do
        if [ -f "$incoming/old/$file" ]; then cp -p "$incoming/old/$file" "/$file"; else rm -f "/$file"; fi
    done <"$incoming/changed"
}
undo_what_was_killed() { # in here, by a run before: nobody knows whether its files are good, or were taken in
    untold=0
    for incoming in "$RUN"/incoming.*; do
        [ ! -s "$incoming/changed" ] || { put_back; (eval "$(cat "$incoming/after")") >/dev/null 2>&1 9>&- || untold=1; }
        rm -rf "$incoming"
    done
}
put_one() {
    folder=${1%/*}
    mkdir -p "/$folder" "$incoming/old/$folder"
    [ ! -f "/$1" ] || cp -p "/$1" "$incoming/old/$1"
    echo "$1" >>"$incoming/changed"
    cp -p "$incoming/new/$1" "/$1.handrail" && mv -fT "/$1.handrail" "/$1"
}
put_files() {
    undo_what_was_killed
    incoming=$RUN/incoming.$TOKEN
    trap 'rm -rf "$incoming"' EXIT
    trap : TERM # its time is over: what it was waiting for has ended by that, and the old files are put back
    mkdir -m 700 -p "$incoming" && mkdir "$incoming/new" "$incoming/old" || end failed "cannot write to $RUN"
    true >"$incoming/changed" && printf '%s\n' "$1" >"$incoming/after"
    base64 -d | tar -xpf - -C "$incoming/new" || end failed "the files arrived broken"
    (cd "$incoming/new" && find . -type f | cut -c3-) >"$incoming/list"
    while IFS= read -r file; do
        cmp -s "$incoming/new/$file" "/$file" && continue
        put_one "$file" || { put_back; end failed "cannot write /$file: $(df -h "/$(dirname "$file")" | tail -n 1)"; }
    done <"$incoming/list"
    changed=$(($(wc -l <"$incoming/changed") + untold))
    [ "$changed" -gt 0 ] || return 0
    if ! reason=$(eval "$1" 2>&1 9>&-); then
        put_back
        end failed "the files are not taken in, the old ones are back: $(printf %s "${reason:-$1}" | tail -n 3 | clean | tr '\n' ' ')"
    fi
}
