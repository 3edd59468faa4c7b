# Groups of three: NAME PID LOG: how old is the program of each instance, in centiseconds, and what did it log last? Changes nothing.
while [ $# -ge 3 ]; do
    pid=$(eval "$2" 2>/dev/null | tail -n 1)
    ticks=$(sed 's/.*) //' "/proc/${pid:-0}/stat" 2>/dev/null | cut -d' ' -f20) # proc(5): the 22nd field is its start since boot
    echo "age $1 ${ticks:+$(($(clock) - ticks * 100 / $(getconf CLK_TCK)))}"
    eval "$3" 2>&1 | clean | tail -n 20 | sed "s|^|said $1 |"
    shift 3
done
end ok "asked"
