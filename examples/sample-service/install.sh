#!/usr/bin/env bash
# Installs the sample service on Amazon Linux 2023, from the files beside it. Run once, as root, by user data:
#   install.sh <service> <slices per instance> <steady group> <Spot group> <launch hook>
set -euo pipefail

service=${1:?} slices=${2:?} steady=${3:?} spot=${4:?} hook=${5:?}
root=${FORESHARD_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)

install -d "$root/opt/foreshard/sample" "$root/opt/foreshard/hooks" "$root/etc/foreshard"
install -m 755 "$here/service.py" "$here/ready" "$root/opt/foreshard/sample/"
install -m 755 "$here/hooks/activate" "$here/hooks/deactivate" "$root/opt/foreshard/hooks/"
install -D -m 644 -t "$root/etc/systemd/system" "$here/foreshard-sample.service" "$here/foreshard-ready.service"
cat >"$root/etc/foreshard/sample.env" <<ENV
FORESHARD_SERVICE=$service
FORESHARD_SLICES=$slices
FORESHARD_STEADY_GROUP=$steady
FORESHARD_SPOT_GROUP=$spot
FORESHARD_LAUNCH_HOOK=$hook
ENV

[[ -z "$root" ]] || exit 0
systemctl daemon-reload
# `ready` waits for Auto Scaling; user data need not.
systemctl enable foreshard-sample.service foreshard-ready.service
systemctl start --no-block foreshard-sample.service foreshard-ready.service
