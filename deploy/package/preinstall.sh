#!/bin/sh
# The user has to be there before the files that its group owns.
set -e
getent passwd otelcol-openstack-audit >/dev/null || useradd --system --user-group --no-create-home \
  --home-dir /var/lib/otelcol-openstack-audit --shell /usr/sbin/nologin otelcol-openstack-audit
