# LOG SLOT SECONDS ERRORS_PERCENT P95_MS AT_LEAST: watch what the edge answers from the new slot; end early on a breach.
# A line of the log: time, slot, status, seconds, (tab-separated); see the edge's template.
LOG=$1 SLOT=$2 SECONDS_=$3 ERRORS=$4 P95=$5 AT_LEAST=$6
ENOUGH=3 # of fewer requests this many failures are a breach, if they are half of them; as `fab watch` judges
began=$(stat -c %.9Y "$RUN/$SLOT" 2>/dev/null || stat -c %.9Y "$RUN/$SLOT.1" 2>/dev/null || date +%s.%N) # since the move
last=$(($(clock) + SECONDS_ * 100))
judge() {
    tail -c 4000000 "$LOG" 2>/dev/null | awk -F'\t' -v since="$began" -v slot="$SLOT" '
        $1 >= since && $2 == slot { n++; if ($3 >= 500) bad++; t[n] = $4 * 1000 }
        END { p95 = 0; if (n) { m = asort_(t, n); p95 = t[m] } printf "%d %d %d\n", n, bad, p95 }
        function asort_(a, n,   k, i, c, lo, hi, mid, need) {
            need = int(n * 0.05); lo = 0; hi = 600000
            while (lo < hi) { mid = int((lo + hi) / 2); c = 0; for (i = 1; i <= n; i++) if (a[i] > mid) c++; if (c > need) lo = mid + 1; else hi = mid }
            for (i = 1; i <= n; i++) if (a[i] <= lo && (k == 0 || a[i] > a[k])) k = i
            return k }'
}
while :; do
    read -r requests bad p95 <<JUDGED
$(judge)
JUDGED
    : "${requests:=0}" "${bad:=0}" "${p95:=0}"
    if [ "$requests" -ge "$AT_LEAST" ]; then
        over=$(awk -v b="$bad" -v n="$requests" -v limit="$ERRORS" 'BEGIN { print (b * 100 / n > limit) ? "yes" : "no" }')
        [ "$over" = no ] || { echo "baked $requests $bad $p95"; end failed "$bad of $requests requests failed on $SLOT; the limit is $ERRORS %"; }
        [ "$p95" -le "$P95" ] || { echo "baked $requests $bad $p95"; end failed "95 % of the requests on $SLOT took up to $p95 ms; the limit is $P95 ms"; }
    elif [ "$bad" -ge "$ENOUGH" ] && [ "$((bad * 2))" -ge "$requests" ]; then
        echo "baked $requests $bad $p95"
        end failed "$bad of only $requests requests failed on $SLOT"
    fi
    [ "$(clock)" -lt "$last" ] || break
    sleep 0.5
done
echo "baked $requests $bad $p95"
few=""
[ "$requests" -ge "$AT_LEAST" ] || few=", too few to judge: $AT_LEAST are wanted"
end ok "$requests requests, $bad failed, p95 $p95 ms$few"
