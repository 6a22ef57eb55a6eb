# A PostgreSQL that db.example.test is the name of. It refuses to be run by root.
echo '127.0.0.1 db.example.test' >>/etc/hosts
PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)"
install -d -o nobody /srv/postgres
as_nobody() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }
as_nobody initdb -D /srv/postgres/data -U handclasp -A trust -N --locale=C.UTF-8 -E UTF8 >/dev/null
as_nobody pg_ctl -D /srv/postgres/data -w -l /srv/postgres/log -o '-c listen_addresses=127.0.0.1 -c unix_socket_directories=' start >/dev/null
createdb -h 127.0.0.1 -U handclasp handclasp
