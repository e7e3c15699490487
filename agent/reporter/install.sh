#!/usr/bin/env bash
# Installs the reporter on Amazon Linux 2023 (it needs curl and the AWS CLI, which are there), from the files beside it.
# Run once, as root, in an image's build or in user data:
#   install.sh <log group of the reports>
set -euo pipefail

group=${1:?usage: install.sh <log group>}
root=${FORESHARD_ROOT:-}
here=$(cd "$(dirname "$0")" && pwd)

install -D -m 755 -t "$root/opt/foreshard/reporter" "$here/report"
install -D -m 644 -t "$root/etc/systemd/system" "$here/foreshard-reporter.service" "$here/foreshard-reporter.timer"
install -d "$root/etc/foreshard" "$root/etc/tmpfiles.d"
echo "FORESHARD_REPORT_LOG_GROUP=$group" >"$root/etc/foreshard/reporter.env"
# The service may write there only where it is; /run is empty after each boot.
echo 'd /run/foreshard 0755 root root' >"$root/etc/tmpfiles.d/foreshard.conf"

[[ -z "$root" ]] || exit 0
systemd-tmpfiles --create /etc/tmpfiles.d/foreshard.conf
systemctl daemon-reload
systemctl enable --now foreshard-reporter.timer
