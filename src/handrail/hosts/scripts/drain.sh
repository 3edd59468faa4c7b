# SECONDS then pairs: PID PORT: wait until nobody is connected to these instances any more, at most that long.
# PID prints the number of a program; its own network says who is connected to it, also when that is a container's.
last=$(($(clock) + $1 * 100)); shift
targets=""
while [ $# -ge 2 ]; do
    pid=$(eval "$1" 2>/dev/null | tail -n 1)
    case $pid in *[!0-9]* | "" | 0) ;; *) targets="$targets $pid:$2" ;; esac
    shift 2
done
connected() {
    for target in $targets; do
        nsenter --net="/proc/${target%:*}/ns/net" ss -Htn state established "sport = :${target#*:}" 2>/dev/null
    done | wc -l
}
while :; do
    open=$(connected)
    [ "$open" -gt 0 ] && [ "$(clock)" -lt "$last" ] || break
    sleep 0.2
done
end ok "$open connections left"
