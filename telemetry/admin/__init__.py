"""The admin of telemetry: captures, their events, and what telemetry adds to the admin of runs."""
