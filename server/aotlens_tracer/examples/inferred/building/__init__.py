"""Building a class: which arguments its constructor probably takes.

`constructors` is the entry. `parameters` and `usage` read the constructor's signature and source, `annotations` its
annotations, `configurations` and `networks` find what is passed for the larger arguments. `construction` is one class
that is being built, as the repair rules see it.
"""
