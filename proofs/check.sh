#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# check.sh [--install] [--only SYSTEM,...] [--no-mutations]: checks every proof with the systems that are installed and prints
# a table. A system that is not installed is "not checked". With --install, Debian's packages are installed first (Coq and
# those asked for with --only).
cd "$(dirname "$0")/.." || exit 1
exec python3 proofs/check.py "$@"
