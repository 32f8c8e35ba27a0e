#!/bin/sh
# A first installation starts nothing: there is no broker to name yet. An upgrade restarts what runs.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart otelcol-openstack-audit.service || true # its reason is in the journal
