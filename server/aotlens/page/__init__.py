"""The page of `aotlens report`: what is known about traced targets, as one file of HTML that needs nothing else."""
