#!/usr/bin/env bash
# npm run screenshot: the README's pictures, from the report that npm start has written.
set -euo pipefail
report=out/report.html images=docs/images
for look in "" dark; do
  shoot() { node cli/screenshot.ts "$report" "$images/$1${look:+-$look}.png" ${look:+--$look} "${@:2}"; }
  shoot report --height 1170
  shoot shards --section by-shard --height 1120
done
