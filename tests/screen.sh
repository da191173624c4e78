#!/bin/sh
# Run a command with a screen: the one there is, or a virtual one (Xvfb).
# On a Linux without either, as root, the system packages are installed first;
# without root the command runs without a screen and what needs one is left out.
set -eu

PACKAGES="xvfb xauth libgl1 libgl1-mesa-dri libegl1 libopengl0 libglib2.0-0 libfontconfig1 \
libdbus-1-3 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 \
libxcb-randr0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0"

missing() {
    command -v xvfb-run >/dev/null 2>&1 || return 0
    command -v ldconfig >/dev/null 2>&1 || PATH="$PATH:/sbin:/usr/sbin"
    for library in libGL.so.1 libEGL.so.1 libxcb-cursor.so.0 libxcb-icccm.so.4 \
        libxcb-keysyms.so.1 libxkbcommon-x11.so.0; do
        ldconfig -p | grep -q "$library" || return 0
    done
    return 1
}

if [ "$(uname)" != "Linux" ] || [ -n "${DISPLAY:-}" ]; then
    exec "$@"
fi
if missing; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing system packages for a virtual screen: $PACKAGES"
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $PACKAGES >/dev/null
    else
        echo "No screen and no Xvfb: what needs a viewer is left out. To have it, run:"
        echo "  sudo apt-get install -y $PACKAGES"
        exec "$@"
    fi
fi
exec xvfb-run -a -s "-screen 0 1600x1000x24" "$@"
