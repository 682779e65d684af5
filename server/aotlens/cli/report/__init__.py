"""`aotlens report`: traces targets, and writes a page about them."""
