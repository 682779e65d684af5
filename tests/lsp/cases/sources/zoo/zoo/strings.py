"""Names of parameters in strings, some of them half written."""


def load(model, state):
    rune, first = "𝕏", state["runes.𝕏.weight"]
    print("𝔘𝔫𝔲𝔰𝔢𝔡", state["runes.é.up.we"], rune)
    state[""].copy_(first)
    model.get_submodule("experts.1.").eval()
    model.get_parameter("scales.")
    print("head.", "nothing.of.ours", "Hello")
    return "ParamAOTInput(target='runes.𝕏.bias')"
