"""aotlens: AOTAutograd's descriptors where people work. This half never imports torch."""

__version__ = "0.1.0"
