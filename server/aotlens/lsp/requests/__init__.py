"""The requests, one file each: convert positions, ask a feature, convert its answer.

A file has up to two handlers: `in_source` for documents with source, `in_graph` for documents that show a graph.
"""
