"""Expressions: functions, text and syntax tree (engine §9)."""
