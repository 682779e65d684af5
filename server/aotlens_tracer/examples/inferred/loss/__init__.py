"""Optional arguments that lead to a loss: a guess that runs is continued with them."""
