# SPDX-License-Identifier: MPL-2.0
"""The translator of Coq's JSON extraction into Swift; see ../swift.py."""
