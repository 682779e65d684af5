"""Names of sizes, as the code writes them: `B, T, C = x.shape`, `x.view(B, T, C)`, patterns, constructors."""
