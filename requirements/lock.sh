#!/usr/bin/env bash
# Writes base.txt, train.txt, quantize.txt, dev.txt and those of foreign clients anew from pyproject.toml, every download with its
# hash. Called by `make lock`.
# Pins stay as they are where pyproject.toml still allows them; `make lock UPGRADE=1` takes the newest of everything.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

# Torch and what only a CUDA build of it needs are left out: one lock line cannot serve CPU and CUDA machines alike.
platform_packages=$("$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate requirements/torch.txt |
  grep -oE '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)')

compile() { # compile <name> <uv options…>
  local out=requirements/$1.txt
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    --constraint requirements/torch.txt ${UPGRADE:+--upgrade} \
    $(printf -- '--no-emit-package %s ' $platform_packages) "$@" --output-file "$out" >/dev/null
  # A comment naming a file outside the lock would only confuse: torch's pin has its own file.
  printf '%s\n' "# Written by \`make lock\`; every download is checked against these hashes." | cat - "$out" >"$out.new"
  mv "$out.new" "$out"
  echo "$out: $(grep -cE '^[a-z]' "$out") packages"
}

compile dev --extra train --extra quantize --group pyproject.toml:dev pyproject.toml
# The smaller sets start from the same pins, so that services, trainer and tests run the same versions.
cp requirements/dev.txt requirements/train.txt
UPGRADE='' compile train --extra train pyproject.toml
# For machines with an NVIDIA GPU, on top of train.txt.
cp requirements/dev.txt requirements/quantize.txt
UPGRADE='' compile quantize --extra train --extra quantize pyproject.toml
cp requirements/dev.txt requirements/base.txt
UPGRADE='' compile base pyproject.toml
# Clients of other trackers, for tests: each for an environment of its own.
for client in aspara-client trackio-client gradio-client-1; do
  compile "$client" --group "pyproject.toml:$client"
done
