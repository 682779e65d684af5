"""Logs and traces of torch as data: the graphs in them, and the names of their inputs. No torch, no models."""
