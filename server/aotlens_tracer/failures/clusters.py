"""The cluster that code needs, read from the error of code that has none."""

from __future__ import annotations

import math
import re

from ..wire.advice import JoinCluster
from .problems import text_of

_OF_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_NO_GROUP = re.compile(
    rf"environment variable ({'|'.join(_OF_TORCHRUN)}) expected"
    r"|process group has not been initialized"
    r"|doesn't have (NCCL|MPI|UCC|XCCL) built in"
)
_TOO_LARGE = re.compile(r"Mesh should not be bigger than default world size \d+, but found (\d+) ranks")


def cluster_for(error: BaseException) -> JoinCluster | None:
    """Return the cluster that is missing, with the mesh that the code was about to make; None for another error."""
    text = text_of(error)
    if isinstance(error, KeyError):
        return _wanted(error) if error.args and error.args[0] in _OF_TORCHRUN else None
    if _NO_GROUP.search(text) or _TOO_LARGE.search(text):
        return _wanted(error)
    return None


def _wanted(error: BaseException) -> JoinCluster:
    """Return the cluster for the mesh in the frames that an error passed; one that says nothing if there is none."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "init_device_mesh":
            sizes, names = frame.f_locals.get("mesh_shape"), frame.f_locals.get("mesh_dim_names")
            try:
                sizes = tuple(map(int, sizes or ()))
            except (TypeError, ValueError):
                return JoinCluster()
            is_named = names is not None and len(names) == len(sizes) and all(map(str.isidentifier, names))
            mesh = tuple(zip(names, sizes)) if is_named and names is not None else ()
            return JoinCluster(mesh, math.prod(sizes) if sizes else None)
        traceback = traceback.tb_next
    found = _TOO_LARGE.search(text_of(error))
    return JoinCluster(size=int(found[1]) if found is not None else None)
