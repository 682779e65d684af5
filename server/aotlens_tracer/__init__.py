"""The half of aotlens that runs in the user's interpreter, next to torch.

It imports the standard library and torch, nothing else, and is loaded by explicit path under a private module name
(see `wire.protocol.bootstrap_command`), so it neither needs to be installed there nor is found by user code.
`wire`, and `memory`, `orphans` and `scratch` of `process`, import the standard library only, as the server imports them
too.
"""
