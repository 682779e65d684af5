"""One consistent set of sizes, so that guessed modules fit their inputs and each other.

A model of width 64 with 4 heads of 16; images of 224 x 224 in patches of 16; feature maps of 56 x 56, which windows of
7 and of 8 divide; sequences of 16, which is a square.
"""

BATCH = 2
WIDTH = 64
"""The width of a model: features of a token, channels of a feature map."""
HEADS = 4
HEAD = 16
"""The width of one attention head."""
LENGTH = 16
"""Tokens of a sequence, or nodes of a graph."""
EDGES = 32
"""Edges of a graph with `LENGTH` nodes."""
IMAGE = 224
"""Height and width of an image in pixels."""
PATCH = 16
MAP = 56
"""Height and width of a feature map."""
STAGES = 4
"""Stages of a network that has a number of layers, and a width, for each."""
FINEST = 64
"""Height and width of the finest of several feature maps, each of which is half as large as the one before."""
GRID = 14
"""Height and width of a grid of patches: `IMAGE / PATCH`."""
VOLUME = 16
"""Depth, height and width of a volume."""
FRAMES = 8
VOCABULARY = 256
CLASSES = 10
SAMPLES = 16384
"""Samples of a sound."""
MELS = 80
"""Frequency bins of a mel spectrum."""
SPECTRA = 256
"""Spectra that follow each other in a spectrogram."""
