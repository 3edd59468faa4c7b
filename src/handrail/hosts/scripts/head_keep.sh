# HEAD: keep the head of the operator's journal, so that a journal that is cut or written anew does not go unnoticed.
KEPT=1000
mkdir -p "$ROOT" && printf '%s\n' "$1" >>"$ROOT/heads" || end failed "the head cannot be written: $(df -h "$ROOT" | tail -n 1)"
if [ "$(wc -l <"$ROOT/heads")" -gt $((KEPT * 2)) ]; then
    tail -n $KEPT "$ROOT/heads" >"$ROOT/heads.new" && mv -T "$ROOT/heads.new" "$ROOT/heads"
fi
end ok "kept"
