"""The catalog: flow templates shipped with FlowTime and those of ``FLOWTIME_TEMPLATE_DIRS``."""

from .loader import CatalogEntry, all_entries, get_entry

__all__ = ["CatalogEntry", "all_entries", "get_entry"]
