#!/usr/bin/env bash
# Installs the stateful sample service from the files beside it; run as root, by user data. The agent comes with
# Foreshard; agent.yaml, beside this file, is what it needs to know of the service.
set -euo pipefail

root=${FORESHARD_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)

install -d "$root/opt/foreshard/stateful"
install -m 644 "$here/service.py" "$here/slots.py" "$root/opt/foreshard/stateful/"
install -D -m 644 -t "$root/etc/systemd/system" "$here/foreshard-stateful.service"

[[ -z "$root" ]] || exit 0
systemctl daemon-reload
systemctl enable --now foreshard-stateful.service
