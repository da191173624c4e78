#!/bin/sh
# Can all of the project be installed, and in one environment with its neighbours?
# Nothing is installed: uv (pip install uv) resolves, from wheels alone.
# Prints the versions that would be taken, and fails where there are none.
set -eu
cd "$(dirname "$0")/.."

NAMED="napari|numpy|torch|scikit-image|zarr|cellpose|micro-sam|napari-skimage|napari-convpaint"
found=$(mktemp)
trap 'rm -f "$found"' EXIT

resolve() { # Python, resolution, what beside
    python=$1 resolution=$2
    shift 2
    echo "Python $python, $resolution, beside ${*:-nothing}:"
    printf '%s\n' "$@" | uv pip compile --quiet --no-header --no-annotate \
        --only-binary :all: --python-version "$python" --resolution "$resolution" \
        ${PRERELEASE:+--prerelease allow} --all-extras pyproject.toml - >"$found"
    echo "  $(grep -E "^($NAMED)==" "$found" | tr '\n' ' ')"
}

for python in 3.11 3.12 3.13 3.14; do
    resolve $python lowest-direct
    resolve $python highest
done
for beside in cellpose micro-sam napari-skimage napari-convpaint; do
    resolve 3.11 highest $beside
    resolve 3.13 highest $beside
done
resolve 3.12 highest cellpose micro-sam napari-skimage
PRERELEASE=1 resolve 3.13 highest
