"""Writes train.bin and val.bin, the tokens of the data set as 16 bit integers."""

import os

import numpy as np

if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(__file__), "input.txt"), encoding="utf-8") as f:
        data = f.read()
    stoi = {ch: i for i, ch in enumerate(sorted(set(data)))}
    n = len(data)
    for split, text in (("train", data[: int(n * 0.9)]), ("val", data[int(n * 0.9) :])):
        ids = np.array([stoi[c] for c in text], dtype=np.uint16)
        ids.tofile(os.path.join(os.path.dirname(__file__), f"{split}.bin"))
