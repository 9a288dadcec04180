"""Bounds on what a document may ask for (engine §3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a document may ask for, checked before anything is allocated (engine §3)."""

    max_yaml_bytes: int = 2_097_152
    max_yaml_depth: int = 32
    max_yaml_nodes: int = 500_000
    max_yaml_aliases: int = 0
    max_string_chars: int = 20_000
    max_parameters: int = 200
    max_nodes: int = 2_000
    max_topology_nodes: int = 1_000
    max_edges: int = 5_000
    max_classes: int = 50
    max_constraints: int = 200
    max_routes: int = 200
    max_outputs: int = 5_000
    max_bins: int = 100_000
    max_expression_chars: int = 4_096
    max_expression_depth: int = 64
    max_expression_tokens: int = 1_000
    max_kernel_taps: int = 1_024
    max_pmf_entries: int = 1_000
    max_cells: int = 20_000_000
    max_problems: int = 200
