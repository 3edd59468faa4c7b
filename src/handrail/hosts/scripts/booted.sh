# Which boot this is, once the host has come up. Changes nothing.
boot
case $(systemctl is-system-running 2>/dev/null) in
running | degraded) end ok "up" ;;
*) end failed "still coming up" ;;
esac
