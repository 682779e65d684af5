"""Repairs: from an attempt that failed to arguments that may not fail. One file is one rule; `registry` lists them all.

`rule` has the interface of a rule, `failed_attempt` and `places` have what a rule can read, `changes` what it can
propose. What error messages mean is in `tables/errors`.
"""
