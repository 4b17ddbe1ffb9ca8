# SPDX-License-Identifier: MIT
"""What the flow tests stand on: real processes on free ports, and waiting for conditions."""
