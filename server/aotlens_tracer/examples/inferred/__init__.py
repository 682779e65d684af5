"""Examples that nobody wrote: guessed from the source, tried on fake tensors, and repaired by what failed.

`search` is the entry. `building` guesses the arguments of constructors and `calling` those of `forward`: from the
source, which `reading` reads, and from names, which `tables` explain. `attempts` runs a guess. `repairs` has the rules,
one file each, that propose other arguments for one that failed.
"""
