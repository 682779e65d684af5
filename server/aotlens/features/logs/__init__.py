"""A log of torch.compile that is open in the editor: what its numbers stand for, its outline, its places in source."""
