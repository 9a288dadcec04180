"""The `flowtime` command: a thin client of the HTTP API that imports neither Django nor the apps."""
