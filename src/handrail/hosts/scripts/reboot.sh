# Reboot if an update asks for that: in two seconds, when this answer has been sent.
[ -f /run/reboot-required ] || end unchanged "no update asks for a reboot"
boot
note reboot "$(tr '\n' ' ' </run/reboot-required.pkgs 2>/dev/null)"
reason=$(systemd-run --quiet --collect --on-active=2 systemctl reboot 2>&1 9>&-) || end failed "cannot reboot: $(printf %s "$reason" | tail -n 1 | clean)"
end ok "reboots"
