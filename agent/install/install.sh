#!/usr/bin/env bash
# Installs the agent on a Linux with systemd, from the files beside it, as root: in an image's build (FORESHARD_ROOT is
# the image's root then), or in user data. May be run again, with a newer agent too.
#   agent.mjs                  the agent
#   node, or node.gz           its runtime
#   agent.yaml, if it is there its configuration; else /etc/foreshard/agent.yaml has to come from elsewhere
set -euo pipefail

root=${FORESHARD_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)
to=$root/opt/foreshard/agent
changed=

# Beside the old one and then in its place: a running agent keeps the file that it was started from.
place() { # <mode> <from> <to>
  if cmp -s "$2" "$3"; then return; fi
  install -D -m "$1" "$2" "$3.new"
  mv -f "$3.new" "$3"
  changed=yes
}

install -d "$to"
if [[ -e "$here/node.gz" && ! -e "$here/node" ]]; then
  sum=$(sha256sum <"$here/node.gz")
  if [[ ! -x "$to/node" || "$(cat "$to/node.sum" 2>/dev/null)" != "$sum" ]]; then
    gzip -dc "$here/node.gz" >"$to/node.new"
    chmod 755 "$to/node.new"
    mv -f "$to/node.new" "$to/node"
    echo "$sum" >"$to/node.sum"
    changed=yes
  fi
else
  place 755 "$here/node" "$to/node"
fi
place 644 "$here/agent.mjs" "$to/agent.mjs"
place 755 "$here/foreshard-agent" "$to/foreshard-agent"
place 644 "$here/foreshard-agent.service" "$root/etc/systemd/system/foreshard-agent.service"
[[ ! -e "$here/agent.yaml" ]] || place 600 "$here/agent.yaml" "$root/etc/foreshard/agent.yaml"
install -d "$root/usr/local/bin"
ln -sfn /opt/foreshard/agent/foreshard-agent "$root/usr/local/bin/foreshard-agent"

if [[ -n "$root" ]]; then
  install -d "$root/etc/systemd/system/multi-user.target.wants"
  ln -sfn ../foreshard-agent.service "$root/etc/systemd/system/multi-user.target.wants/foreshard-agent.service"
  exit 0
fi
systemctl daemon-reload
systemctl enable foreshard-agent.service
if [[ -n "$changed" ]]; then
  systemctl restart --no-block foreshard-agent.service
else
  systemctl start --no-block foreshard-agent.service
fi
