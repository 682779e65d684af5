"""The names, URIs and kept texts of graphs that clients show as documents."""
