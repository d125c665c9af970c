#!/bin/sh
# Builds dist with the Node.js and the packages of this repository; ./weir installs them where they are missing.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd -P)
[ -e "$root/node_modules/rolldown" ] || "$root/weir" --version >/dev/null
for bin in "$root"/.weir/runtime/node_modules/node-*/bin; do PATH="$bin:$PATH"; done
node "$root/node_modules/rolldown/bin/cli.mjs" --config rolldown.config.ts --log-level warn
exec node "$root/node_modules/typescript/bin/tsc" -p tsconfig.json
