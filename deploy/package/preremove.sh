#!/bin/sh
# dpkg names what it does, rpm the number of versions that remain: an upgrade stops nothing.
set -e
case "$1" in remove | 0) ;; *) exit 0 ;; esac
[ -d /run/systemd/system ] || exit 0
systemctl disable --now otelcol-openstack-audit.service
