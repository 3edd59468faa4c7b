# SERVICE NUMBER: so many instances of a service are to have traffic; they are all healthy by now.
spread "$1" "$2" || end failed "cannot write to $ROOT/gate"
note "spread $1" "$2"
end ok "$2 of $1 have the traffic of this host"
