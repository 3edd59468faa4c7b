# REMOVE KIND FOLDER PATTERN...: free everything that `candidates` lists; REMOVE is the text that does it with each.
REMOVE=$1; shift
freed=$({ candidates "$@" 4>&5 | xargs -0 -r sh -c "$REMOVE" handrail "$ROOT" "$RUN" "$KEEP_LOGS" "$KEEP_DUMPS" "$PM2_USER" "$PM2_TAIL" "$JOURNAL" 5>&- 9>&-; } 5>&1)
problems=$(printf '%s\n' "$freed" | sed -n 's/^problem //p')
freed=$(printf '%s\n' "$freed" | grep -v '^problem ')
printf '%s\n' "$problems" | sed '/./!d; s/^/problem /'
not=$(printf '%s\n' "$problems" | sed '/./!d; s/^/; /' | tr -d '\n')
said=$(printf '%s\n' "$freed" | awk '
    function size(n) { return n < 1048576 ? sprintf("%.1f KiB", n / 1024) : n < 1073741824 ? sprintf("%.1f MiB", n / 1048576) : sprintf("%.1f GiB", n / 1073741824) }
    NF && $1 != "failed" { count[$1]++; bytes[$1] += $2 * 512; all += $2 * 512; some = 1 }
    END { for (kind in count) list = list (list ? ", " : "") count[kind] " " kind (count[kind] > 1 ? "s" : "") " " size(bytes[kind])
        if (some) print "freed " size(all) ": " list }')
failed=$(printf '%s\n' "$freed" | sed -n 's/^failed //p' | clean)
[ -z "$said" ] || note "free the disk" "$said"
if [ -n "$failed" ]; then
    end failed "cannot remove $(printf '%s\n' "$failed" | wc -l) of it, such as $(printf '%s\n' "$failed" | head -n 1)${said:+; $said}$not"
fi
[ -n "$said" ] || end unchanged "nothing to free$not"
end ok "$said$not"
