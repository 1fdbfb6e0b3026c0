#!/bin/sh
# Users and folders of the image. Docker copies /home with its owners and modes into the fresh workspace volume.
#
#   agent       10001        candidate of slot k   10100+k        "ender" of slot k   10200+k (only ever a real or
#                            saved uid: the helper that ends a candidate's processes, which it can't signal back)
#
# A gate is a folder that root owns and one group may pass: a candidate can change the mode of what it owns, not this.
set -eu
slots=16

printf 'agent:x:10001:\n' >>/etc/group
printf 'agent:x:10001:10001::/home/agent:/usr/sbin/nologin\n' >>/etc/passwd
slot=0
while [ "$slot" -lt "$slots" ]; do
    for role in candidate:10100 ender:10200; do
        id=$((${role#*:} + slot))
        name=${role%:*}$slot
        printf '%s:x:%s:\n' "$name" "$id" >>/etc/group
        printf '%s:x:%s:%s::/home/slots/%s/run:/usr/sbin/nologin\n' "$name" "$id" "$id" "$slot" >>/etc/passwd
    done
    install -d -o root -g "$((10100 + slot))" -m 0710 "/home/slots/$slot"
    install -d -o "$((10100 + slot))" -g "$((10100 + slot))" -m 0700 "/home/slots/$slot/run"
    slot=$((slot + 1))
done

chmod 0755 /home /home/slots
install -d -o root -g root -m 0755 /home/data
install -d -o 10001 -g 10001 -m 0755 /home/submission
install -d -o 10001 -g 10001 -m 0755 /home/sample
install -d -o 10001 -g 10001 -m 0700 /home/agent
install -d -o root -g 10001 -m 0710 /run/agent
install -d -o root -g root -m 0755 /run/agent/door
install -d -o root -g root -m 0755 /opt/podium /opt/podium/prompts
