# NAME ROOT LINES SLOT: the last lines of a process since its slot got its release, and what PM2 says of its end, in the
# order of time. PM2 names a process `[NAME:NUMBER]`, or only by the number that it has at that time.
name=$0 root=$1 lines=$2
begin=$(date -u -d "@$(stat -c %Y "$3" 2>/dev/null || echo 0)" +%Y-%m-%dT%H:%M:%S)
export LC_ALL=C
{
    tail -q -n "$lines" "$root/logs/$name-out.log" "$root/logs/$name-error.log"
    tail -n 5000 "$root/.pm2/pm2.log" | awk -v name="[$name:" '
        at = index($0, name) { number = substr($0, at + length(name)) + 0; known = 1 }
        at && / exited with code / || known && / Process [0-9]+ restarted because / && $6 == number'
} 2>/dev/null | awk -v begin="$begin" 'substr($0, 1, 19) >= begin' | sort -s -k 1,1 | tail -n "$lines" | sed 's/^[^ ]*: //'
