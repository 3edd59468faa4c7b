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
    exit
fi
[ "$lines" -gt 0 ] || lines=+1
present() { # one that was never written is no error
    for file; do [ ! -e "$file" ] || tail -q -n "$from" "$file" || echo $? >&3; done
}
moved() { # what was moved aside ends in a number, and the older ones are compressed; without a time the last will do
    for file; do
        [ "$since" ] || { present "$file.1"; continue; }
        find "${file%/*}" -maxdepth 1 -name "${file##*/}.*" -newermt "${since}Z" |
            while IFS= read -r each; do zcat -f "$each" || echo $? >&3; done
    done
}
# exit codes go to descriptor 3, past the pipeline
exec 4>&1
failed=$({
    { moved "$@"; present "$@"; } | { node -e "$show" "$since" || echo $? >&3; } |
        { sort -s -k 1,1 || echo $? >&3; } | tail -n "$lines" >&4
} 3>&1)
[ -z "$failed" ]
