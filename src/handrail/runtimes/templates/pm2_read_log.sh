# SHOW SINCE LINES FOLLOW FILE...: lines of log files in the order of time; all for LINES 0; as they come with FOLLOW.
show=$0 since=$1 lines=$2 follow=$3 from=+1
shift 3
export LC_ALL=C
if [ "$since" ]; then
    since=$(date -u -d "$since" +%Y-%m-%dT%H:%M:%S) || exit 2
elif [ "$lines" -gt 0 ]; then
    from=$lines
fi
if [ "$follow" ]; then
    # where tail gets no word of changes it looks for them: five times a second, and for files that took another's place
    tail -q -n "$from" -F -s 0.2 --max-unchanged-stats=1 "$@" 2>/dev/null | node -e "$show" "$since"
else
    [ "$lines" -gt 0 ] || lines=+1
    tail -q -n "$from" "$@" 2>/dev/null | node -e "$show" "$since" | sort -s -k 1,1 | tail -n "$lines"
fi
