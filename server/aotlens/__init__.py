"""aotlens shows AOTAutograd's descriptors in editors and on the command line. This package never imports torch."""

__version__ = "0.1.0"
