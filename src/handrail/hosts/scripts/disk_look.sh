# What could be freed, by kind; the largest of it; the largest files of the system; what is free. Changes nothing.
# How many are named, the largest first; a disk full of small files would be a long answer.
NAMED=200
LARGEST=10
found=$(candidates "$@" | lines)
if [ -n "$found" ]; then
    printf '%s\n' "$found" | awk '{ count[$1]++; bytes[$1] += $2 } END { for (kind in count) printf "kind %s %d %.0f\n", kind, count[kind], bytes[kind] }' | sort
    printf '%s\n' "$found" | sort -k 2,2nr | head -n "$NAMED" | sed 's/^/candidate /'
fi
find "$HERE" -xdev -type f -printf '%b %p\0' 2>/dev/null | sort -zrn | head -zn "$LARGEST" | sed -z 's/^/large /' | lines
{ df -Pk "$ROOT" 2>/dev/null || df -Pk /; } | awk 'END { if ($2 + 0) printf "space %.0f %.0f\n", $2 * 1024, $4 * 1024 }'
! journalctl --disk-usage >/dev/null 2>&1 || echo "journal $(journal_blocks '*' | awk '{ printf "%.0f", $1 * 512 }')"
end ok "looked"
