"""`aotlens mcp`: the answers of the command line for agents, over the Model Context Protocol."""
