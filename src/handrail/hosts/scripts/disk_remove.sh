# KEEP_LOGS KEEP_DUMPS PM2_USER PM2_TAIL JOURNAL then records "KIND BLOCKS PATH": free each and print "KIND BLOCKS" of what is gone, or
# "failed KIND PATH". What grew or vanished since it was listed is no error. Each file is looked at again at the moment when it goes,
# from within its directory: whoever may write to a parent cannot put another directory in that place meanwhile.
KEEP_LOGS=$1 KEEP_DUMPS=$2 PM2_USER=$3 PM2_TAIL=$4 JOURNAL=$5; shift 5
DAY=1440
inside=""
enter() { # FOLDER
    [ "$inside" != "$1" ] || return 0
    inside=""
    cd -P -- "$1" 2>/dev/null && [ "$(pwd -P)" = "$1" ] && inside=$1
}
failed() { printf 'failed %s %s\n' "$1" "$2" | tr '\001-\011\013-\037\177' '?'; }
remove() { # KIND PATH MINUTES
    enter "${2%/*}" || return 0
    find "./${2##*/}" -maxdepth 0 -type f -mmin "+$3" -delete -printf "$1 %b\n" 2>/dev/null || [ ! -e "./${2##*/}" ] || failed "$1" "$2"
}
beside() { # PATH: what stood beside a dump that is gone
    enter "${1%/*}" && [ ! -e "./${1##*/}" ] && rm -f "./${1##*/}.sha256" "./${1##*/}.json"
}
# By PM2's own user: what stands at this name now may be a link, and root would follow it. Lines that a program prints between the two
# looks at the file are lost.
cut_down() { # PATH
    enter "${1%/*}" || return 0
    before=$(stat -c %b "./${1##*/}" 2>/dev/null) || return 0
    # shellcheck disable=SC2016  # for the other shell
    set -- "$1" sh -c 'tail=$(tail -c "$1" "$0" | tail -n +2 | base64) && : >"$0" && printf %s "$tail" | base64 -d >>"$0"' "./${1##*/}" "$PM2_TAIL"
    path=$1; shift
    if [ "$(id -un)" != "$PM2_USER" ]; then set -- runuser -u "$PM2_USER" -- "$@"; fi
    timeout 60 "$@" 2>/dev/null || { failed pm2-log "$path"; return; }
    echo "pm2-log $((before - $(stat -c %b "./${path##*/}")))"
}
for record; do
    kind=${record%% *} rest=${record#* }
    blocks=${rest%% *} path=${rest#* }
    case $kind in
    log) remove log "$path" "$KEEP_LOGS" ;;
    dump) remove dump "$path" "$KEEP_DUMPS"; beside "$path" ;;
    upload) remove upload "$path" "$DAY" ;;
    pm2-log) cut_down "$path" ;;
    release)
        # First out of sight: of a removal that is cut off nothing may be left that looks whole.
        gone=${path%/*}/.gone.${path##*/}.partial
        mv -T -- "$path" "$gone" 2>/dev/null && rm -rf -- "$gone" 2>/dev/null
        if [ -e "$path" ] || [ -e "$gone" ]; then failed release "$path"; else echo "release $blocks"; fi
        ;;
    image) # one that somebody has begun to use is refused by Docker
        if docker image rm "$path" >/dev/null 2>&1; then echo "image $blocks"; fi
        ;;
    build-cache)
        if timeout 300 docker builder prune --force --filter until=24h >/dev/null 2>&1; then echo "build-cache $blocks"; else failed build-cache "$path"; fi
        ;;
    journal)
        before=$(du -s --block-size=512 /var/log/journal /run/log/journal 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }')
        journalctl --quiet --vacuum-size="$JOURNAL" 2>/dev/null || failed journal "$path"
        echo "journal $(du -s --block-size=512 /var/log/journal /run/log/journal 2>/dev/null | awk -v b="$before" '{ n += $1 } END { printf "%.0f", b - n }')"
        ;;
    esac
done
