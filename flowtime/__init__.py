"""FlowTime: flows of work on a fixed time grid, and travel through their runs."""

__version__ = "1.0.0"
