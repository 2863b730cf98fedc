#!/bin/sh
# A PostgreSQL server in a directory of its own. CLUSTER_NAME: primary, or replica, which only reads.
set -eu
bin=/usr/lib/postgresql/15/bin data=/tmp/data
[ -d "$data" ] || "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
echo "host all all all trust" >>"$data/pg_hba.conf"
case "${CLUSTER_NAME:-primary}" in replica) readonly=on ;; *) readonly=off ;; esac
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c cluster_name="${CLUSTER_NAME:-primary}" -c default_transaction_read_only="$readonly"
