#!/bin/sh
# End the simulated hosts of a molecule run, if there are any, and wait until they are gone. A killed run leaves its pid file behind.
set -eu
pid_file=$1/winsim.pid
[ -e "$pid_file" ] || exit 0
pid=$(cat "$pid_file")
command_line=$(ps -o args= -p "$pid" 2>/dev/null || tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || true)
case $command_line in
  *winsim*)
    kill "$pid"
    tries=100
    while kill -0 "$pid" 2>/dev/null; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || { echo "the simulated hosts (process $pid) do not end" >&2; exit 1; }
      sleep 0.1
    done
    ;;
esac
rm -f "$pid_file"
