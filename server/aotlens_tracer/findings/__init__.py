"""Findings, and the reasons for them, as data."""
