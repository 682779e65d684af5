"""Overrides the globals of the script that executes this file: python train.py config/small.py --batch_size=32"""

import sys
from ast import literal_eval

for arg in sys.argv[1:]:
    if "=" not in arg:
        with open(arg) as f:
            exec(f.read())
    else:
        key, val = arg.removeprefix("--").split("=")
        if key not in globals():
            raise ValueError(f"Unknown config key: {key}")
        globals()[key] = literal_eval(val)
