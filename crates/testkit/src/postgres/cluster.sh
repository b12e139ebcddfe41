# Runs one PostgreSQL in a folder of its own until standard input ends, however the program that holds its other end came
# to an end, and leaves nothing behind. Arguments: the folder of PostgreSQL's programs, a port, and `durable`, `fast`, or
# `standby:PORT` for one that follows the server on that port.
set -eu
bin=$1 port=$2 kind=$3
home=$(mktemp -d "${TMPDIR:-/tmp}/jotgate-postgres-XXXXXX")
server=

# Gives a signal to all its processes. Those that it starts meanwhile are missed unless it is stopped first.
tell_all() {
    kill "-$1" "$server" 2>/dev/null || true
    read -r children 2>/dev/null <"/proc/$server/task/$server/children" || true
    # shellcheck disable=SC2086 # one word for each process
    kill "-$1" $children 2>/dev/null || true
}

stop() {
    [ -z "$server" ] && return
    kill "-$1" "$server" 2>/dev/null || true
    tell_all CONT
    wait "$server" 2>/dev/null || true
    server=
}

launch() {
    "$bin/postgres" -D "$home/data" -k "$home" -p "$port" >>"$home/log" 2>&1 </dev/null &
    server=$!
}

# Starts it where it is gone, as a service manager does: without asking why, and without waiting until it is ready. Answers what it
# found.
revive() {
    # The shell learns of a server that has ended while it waits for a command.
    sleep 0.1
    if kill -0 "$server" 2>/dev/null; then
        word=alive
    else
        word=gone
        launch
    fi
}

start() {
    launch
    tries=0
    until "$bin/pg_isready" -q -h "$home" -p "$port"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
            tail -n 5 "$home/log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

trap 'stop QUIT; rm -rf "$home"' EXIT
trap 'exit 1' HUP INT TERM

new_data() {
    "$bin/initdb" -D "$home/data" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync >/dev/null
    cat >>"$home/data/postgresql.conf" <<END
listen_addresses = '127.0.0.1'
max_connections = 500
shared_buffers = 128MB
max_wal_size = 4GB
log_min_messages = fatal
END
    if [ "$kind" = fast ]; then
        printf 'fsync = off\nfull_page_writes = off\nsynchronous_commit = on\n' >>"$home/data/postgresql.conf"
    fi
}

copied_data() {
    "$bin/pg_basebackup" -h 127.0.0.1 -p "$1" -U postgres -D "$home/data" -R -X stream --checkpoint=fast --no-sync
}

case "$kind" in
    standby:*) copied_data "${kind#standby:}" ;;
    *) new_data ;;
esac
start
echo "$home"

# A PEM file on one line: `|` ends its lines, and `~` is a space.
unfold() {
    printf '%s' "$1" | tr '|~' '\n '
}

while read -r word first second; do
    case "$word" in
        certificate)
            unfold "$first" >"$home/data/server.crt"
            unfold "$second" >"$home/data/server.key"
            chmod 600 "$home/data/server.key"
            echo 'ssl = on' >>"$home/data/postgresql.conf"
            ;;
        plain) echo 'ssl = off' >>"$home/data/postgresql.conf" ;;
        start) start ;;
        stop) stop INT ;;
        crash) stop QUIT ;;
        promote) "$bin/pg_ctl" -D "$home/data" promote -w >/dev/null ;;
        revive) revive ;;
        freeze) tell_all STOP ;;
        thaw) tell_all CONT ;;
    esac
    echo "$word"
done
