"""A file that belongs to no traced model, and names what is in one."""


def load(model, state):
    state["experts.0.up.weight"].copy_(state["unembed.weight"])
    model.get_parameter("blocks.3.gate").zero_()
    model.get_submodule("blocks.1.attn")
    print("experts.0.up.weigh", f"experts.{0}.up.weight", "embed", "Hello, world")
    # In the graph primals_73 is ParamAOTInput(target='head.out.weight').
    return state
