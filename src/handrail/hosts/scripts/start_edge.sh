# Start nginx where it is down.
systemctl is-active -q nginx && end unchanged "nginx is running"
reason=$(nginx -t 2>&1 && systemctl start nginx 2>&1) || end failed "nginx does not start: $(printf %s "$reason" | tail -n 2 | clean | tr '\n' ' ')"
note "start nginx" ok
end ok "nginx started"
