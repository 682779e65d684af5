"""Findings in words: one file for each finding, with its code, severity, words, documentation and an example."""
