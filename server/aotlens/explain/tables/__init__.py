"""The tables of a report, one file each; `graph.py` lists those of one graph."""
