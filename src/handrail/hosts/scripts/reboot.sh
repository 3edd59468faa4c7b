# ASKS: reboot if an update asks for that by the file ASKS: in two seconds, when this answer has been sent.
[ -f "$1" ] || end unchanged "no update asks for a reboot"
for other in $(others); do
    IFS='	' read -r _ expires _ holder 2>/dev/null <"${RUN%/*}/$other/lease" || continue
    [ "$expires" -le "$(clock)" ] || end failed "no reboot: $holder is at work on $other, which is on this host, too"
done
boot
note reboot "$(tr '\n' ' ' <"$1.pkgs" 2>/dev/null)"
reason=$(systemd-run --quiet --collect --on-active=2 systemctl reboot 2>&1 9>&-) || end failed "cannot reboot: $(printf %s "$reason" | tail -n 1 | clean)"
end ok "reboots"
