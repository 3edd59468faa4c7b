end ok "surveyed"
