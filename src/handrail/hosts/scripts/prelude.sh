# What every script starts with. ROOT is the system's directory on disk, RUN its directory on tmpfs.
# A script answers in lines "key value"; the last line is "result <word> <text>". No such line means that the reply was lost.
# Files are made with `true >`: where `: >` cannot write, POSIX ends the whole script in the middle.
set -u
export LC_ALL=C
ROOT=$1 RUN=$2; shift 2
umask 022
end() { echo "result $*"; case $1 in ok | unchanged) exit 0 ;; refused | held) exit 77 ;; *) exit 1 ;; esac; }
clock() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}"; } # centiseconds on the host's own monotonic clock
clean() { iconv -f utf-8 -t utf-8 -c | tr -d '\000-\010\013-\037'; }
add_user() {
    id -u "$1" >/dev/null 2>&1 || useradd --system --home-dir "$ROOT" --shell /usr/sbin/nologin "$1" || end failed "cannot add the user $1"
}
curl() { no_proxy="*" NO_PROXY="*" command curl "$@"; } # a proxy that the host has for the world knows nothing of its own ports
line() { # FILE: its first line, or nothing; to begin a program takes a host longer than most that it does here
    first=""
    read -r first 2>/dev/null <"$1" || [ "$first" ] || return 1
    printf '%s\n' "$first"
}
fence() { line "$ROOT/lease/fence" || echo 0; }
note() { # step result text: one line in the host's journal; a full disk must not stop a rollback
    printf '{"at":"%s","run":"%s","token":%s,"step":"%s","result":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${RUN_ID:-}" "${TOKEN:-0}" "$1" "$2" >>"$ROOT/journal" 2>/dev/null || :
}
