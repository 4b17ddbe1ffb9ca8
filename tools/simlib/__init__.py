# SPDX-License-Identifier: MIT
"""What lotsim and platformsim share: a small HTTP server and client, the clock, the lots, the dialects."""
