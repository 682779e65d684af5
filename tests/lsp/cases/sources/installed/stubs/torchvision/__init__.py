"""As much of torchvision as importing vit_pytorch takes: it has other models that use more of it."""
