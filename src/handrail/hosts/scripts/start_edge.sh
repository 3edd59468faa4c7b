# START: start nginx where it is down; START ends with 77 when it runs already.
reason=$(eval "$1" 2>&1 9>&-)
case $? in
0) ;;
77) end unchanged "nginx is running" ;;
*) end failed "nginx does not start: $(printf %s "$reason" | tail -n 2 | clean | tr '\n' ' ')" ;;
esac
note "start nginx" ok
end ok "nginx started"
