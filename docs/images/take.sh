#!/usr/bin/env bash
# npm run screenshot: the README's pictures, from the report that npm start has written, and of the dashboard's widget.
set -euo pipefail
report=out/report.html charts=out/charts.html images=docs/images
node $images/charts.ts
for look in "" dark; do
  shoot() { node cli/screenshot.ts "$1" "$images/$2${look:+-$look}.png" ${look:+--$look} "${@:3}"; }
  shoot $report report --height 1170
  shoot $report shards --section by-shard --height 1120
  shoot $charts charts --full --width 1190 --height 300
done
