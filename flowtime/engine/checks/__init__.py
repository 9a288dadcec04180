"""Checks: every warning of engine §19, by theme."""
