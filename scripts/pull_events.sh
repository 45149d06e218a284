#!/bin/sh
# Appends an account's events to a file that a SIEM's forwarder reads, in any format, for as long as it runs: resumes behind
# the file's last line after lost connections and restarts, so that every event stands in the file, once.
#
# Usage: pull_events.sh SERVER FORMAT FILE KEY_FILE
#   SERVER    such as https://codes.example.com
#   FORMAT    native, ocsf, ecs, cef or leef
#   KEY_FILE  holds an API key with the role siem; it never appears in the process list
#
# An empty or missing file begins with the account's first event, or behind the last one of FILE.1, if there is one:
# rotate with logrotate's copytruncate and delaycompress.
set -eu
[ $# -eq 4 ] || { sed -n 's/^# \{0,1\}//; 2,11p' "$0" >&2; exit 2; }
server=$1 format=$2 file=$3 key_file=$4
case $format in
  cef | leef) accept=text/plain ;;
  *) accept=application/x-ndjson ;;
esac
while :; do
  touch "$file"
  # What was cut off when the connection broke comes again.
  if [ -s "$file" ] && [ "$(tail -c 1 "$file" | wc -l)" -eq 0 ]; then
    truncate -s "-$(tail -n 1 "$file" | wc -c)" "$file"
  fi
  from=$file
  if [ ! -s "$file" ] && [ -s "$file.1" ]; then from=$file.1; fi
  # In every format a line ends with its cursor; in JSON quotes and braces follow.
  after=$(tail -n 1 "$from" | grep -o '[A-Za-z0-9_-]*["}]*$' | tr -d '"}' || true)
  printf 'Authorization: Bearer %s\n' "$(cat "$key_file")" |
    curl -sS --fail --no-buffer -H @- -H "Accept: $accept" "$server/v1/events/stream?format=$format&after=$after" >>"$file" ||
    true
  sleep 2
done
