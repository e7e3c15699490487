#!/usr/bin/env bash
# npm run screenshot: the README's pictures: of the report that npm start has written, of the dashboard's widget, and of a
# hand-over between two network namespaces (root on Linux; else its picture stays as it is).
set -euo pipefail
report=out/report.html charts=out/charts.html trace=out/hand-over.json images=docs/images
node $images/charts.ts
rm -f $trace
node bench/handover.ts --trace $trace
[ ! -f $trace ] || node $images/hand-over.ts $trace
for look in "" dark; do
  shoot() { node cli/screenshot.ts "$1" "$images/$2${look:+-$look}.png" ${look:+--$look} "${@:3}"; }
  shoot $report report --height 1170
  shoot $report shards --section by-shard --height 1120
  shoot $report forecasts --section forecasts --height 585
  shoot $charts charts --full --width 1190 --height 300
  [ ! -f $trace ] || shoot out/hand-over.html hand-over --width 1052 --height 660
done
