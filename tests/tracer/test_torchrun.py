"""Code of a script that torchrun starts on GPUs is traced as one rank, on a machine that has none."""

from __future__ import annotations

from support import CORPUS, trace_json


def test_a_script_of_torchrun_is_one_rank_of_the_cluster() -> None:
    (trace,) = trace_json("torchrun.py::Planned", cwd=CORPUS / "sharded")["traces"]
    assert trace["status"] == "traced", trace["failure"]
    assert trace["example"]["options"]["world"] == {"size": 4, "rank": 3, "mesh": []}
    (graph,) = trace["graphs"]
    parameters = {each["label"]: each for each in graph["subclasses"] if each["role"] == "parameter"}
    meshes = [each["sharding"]["mesh"] for each in parameters.values()]
    assert all((mesh["names"], mesh["shape"], mesh["coordinate"]) == (["tp"], [4], [3]) for mesh in meshes)
    gradients = {label: each["gradient"]["sharding"]["placements"][0]["text"] for label, each in parameters.items()}
    assert gradients == {  # as eager has them
        "emb.weight": "Replicate()",
        "norm.weight": "Partial(sum)",
        "norm.bias": "Partial(sum)",
        "head.weight": "Shard(dim=0)",
    }
