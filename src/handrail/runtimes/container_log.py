"""What containers printed: with Docker as long as there is the container, and put aside before that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.runtimes.container_engine import USABLE

if TYPE_CHECKING:
    from handrail.runtimes.protocol import Argv

# Docker's own default is one file without a limit, which fills the disk.
LOG_OPTIONS = {"max-size": "10m", "max-file": "5"}
# Below the system's directory. The longest that a runbook wants logs kept is 30 days; `fab disk` may free them before.
FOLDER = "container-logs"
KEPT_DAYS = 30
# All that Docker has are 50 MB.
PUT_ASIDE_SECONDS = 30
AGES = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# With its times, as Docker gives it. No start fails for it: the disk may be full.
PUT_ASIDE = f"""
put_aside() {{ # NAME FOLDER
    (
        umask 077
        mkdir -p "$2" && cd "$2" || exit
        find . -name "$1.*.log.gz" -mtime +{KEPT_DAYS} -delete
        timeout {PUT_ASIDE_SECONDS} docker logs --timestamps "$1" 2>&1 | gzip >".$1.partial" &&
            mv ".$1.partial" "$1.$(date -u +%Y%m%dT%H%M%SZ).log.gz"
        rm -f ".$1.partial"
    ) >/dev/null 2>&1
}}
"""
# What runs again has forgotten how it ended; the daemon knows its last 256 events, until it is started anew itself. Of
# memory that ran out it may tell after the death that came of it.
LOG = """
id=$(docker container inspect --format '{{.Id}}' "$2" 2>&1) || { echo "$id"; exit 0; }
docker logs --tail "$1" "$id" 2>&1
end=$(docker events --since 24h --until "$(date +%s.%N)" --format '{{.Action}} {{.Actor.Attributes.exitCode}}' \\
    --filter "container=$id" --filter event=oom --filter event=die | awk '
        $1 == "oom" { oom = 1 }
        $1 == "die" { end = ", ended with exit code " $2; code = $2 }
        END { print end (code != 137 ? "" : oom ? ", out of memory" : ", killed") }')
state='{{if eq .State.Status "exited"}}, ended with exit code {{.State.ExitCode}}{{end}}'
state="$state{{if .State.OOMKilled}}, out of memory{{end}}"
docker container inspect "$id" --format "container {{.State.Status}}, started again {{.RestartCount}} times\\
${end:-$state}{{with .State.Error}}: {{.}}{{end}}"
"""
# What comes without a time is Docker's own word. Exit codes go to descriptor 3, past the pipeline.
READ_ONE = f"""
tail=$1 since=$2 folder=$3; shift 3
export TZ=UTC LC_ALL=C
from=${{since:+$(date -d "$since" +%Y-%m-%dT%H:%M:%SZ)}}
({USABLE}) >&2 || exit 1
last() {{ if [ "$tail" = all ]; then cat; else tail -n "$tail"; fi; }}
named() {{ sed ${{follow:+-u}} -n -e "s|^\\([0-9-]*T[0-9:.]*Z\\) |\\1 $1: |p" -e t -e 'w /dev/stderr'; }}
read_one() {{ # NAME OPTION...: nothing of one that was never made
    one=$1; shift
    title=$(docker container inspect --format '{{{{.Name}}}}' "$one" 2>/dev/null) || return 0
    {{ docker logs --timestamps "$@" "$one" 2>&1 || echo $? >&3; }} | named "${{title#/}}"
}}
"""
# Who asks for the last lines, without a time, gets them of two containers at most: this one and the one before.
READ_LOG = f"""{READ_ONE}
exec 4>&1
read_before() {{ # NAME
    [ -n "$folder" ] || return 0
    find "$folder" -maxdepth 1 -name "$1.*.log.gz" ${{from:+-newermt "$from"}} 2>/dev/null | sort |
        if [ "$from" ] || [ "$tail" = all ]; then cat; else tail -n 1; fi | while read -r file; do
        {{ zcat "$file" || echo $? >&3; }} | awk -v from="$from" '$1 >= from' | last | named "$1"
    done
}}
failed=$({{
    for one; do read_before "$one"; read_one "$one" --tail "$tail" ${{from:+--since "$from"}}; done |
        {{ sort -s -k 1,1 || echo $? >&3; }} | last >&4
}} 3>&1)
[ -z "$failed" ]
"""
# Each one is followed into its next start, which is another container. tail(1) ends when nobody reads any more, and
# with it everything here: `timeout 0` made a process group of it.
FOLLOW_LOG = f"""{READ_ONE}
exec 2>/dev/null 3>&2
follow=yes
follow() {{
    read_one "$1" --follow --tail "$tail" ${{from:+--since "$from"}}
    while since=$(date +%s.%N); do sleep 2; read_one "$1" --follow --since "$since"; done
}}
for one; do follow "$one" & done
tail -f /dev/null
kill 0
"""


def read_log(*names: str, since: str, lines: int, follow: bool, folder: str = "") -> Argv:
    """Read what containers printed, each line after its time in UTC and the container's name.

    In `folder` is what was put aside of those that had these names before; who follows wants what comes.
    """
    begin = f"{since[:-1]} {AGES[since[-1]]} ago" if since[-1:] in AGES else since
    how = ("timeout", "0", "sh", "-c", FOLLOW_LOG) if follow else ("sh", "-c", READ_LOG)
    return (*how, "handrail", str(lines or "all"), begin, folder, *names)
