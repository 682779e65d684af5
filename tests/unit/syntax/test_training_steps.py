"""Training steps: which statements of a script make the modules and the batch, and which lead to the loss.

In the cases, a comment says what becomes of a line: `p` it belongs to the prelude, `b` to the body, `m` to the module
level that is run in place of an import. A letter stands on the first line of a statement. Others are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import dedent

import pytest

from aotlens.syntax.backward_calls import MOST
from aotlens.syntax.block_source import BlockSource
from aotlens.syntax.code_blocks import whole_block
from aotlens.syntax.parsing import parse
from aotlens.syntax.step_places import StepPlace, step_places
from aotlens.syntax.training_steps import step_examples
from aotlens_tracer.wire.protocol import ExampleSource

PATH = "/w/train.py"
_MARK = re.compile(r"#\s*([pbm]+)\s*$")


def steps(text: str) -> list[str]:
    return [place.qualname for place in step_places(parse(dedent(text)))]


def sliced(text: str, name: str | None = None, **others: str) -> ExampleSource:
    text = dedent(text)
    places = [place.qualname for place in step_places(parse(text))]

    def calling(wanted: str) -> Iterable[BlockSource]:
        for stem, other in others.items():
            if f"{wanted}(" in other:
                yield BlockSource(f"/w/{stem}.py", whole_block(dedent(other)))

    return step_examples(PATH, text, places, calling)[name or places[0]]


def body(example: ExampleSource) -> list[str]:
    assert example.step is not None
    return [statement.text for statement in example.step.body]


def prelude(example: ExampleSource) -> list[str]:
    return [statement.text for statement in example.prelude]


@dataclass(frozen=True)
class Case:
    text: str
    inputs: str
    loss: str = "loss"
    optimizers: str = "optimizer"
    target: str | None = None


LOOP = """
    import torch
    def main():
        device = torch.device("cpu")  # p
        loader = make_loader()  # p
        model = Net(8).to(device)  # p
        best = 0
        criterion = torch.nn.CrossEntropyLoss()  # p
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # p
        scheduler = StepLR(optimizer, 3)
        for epoch in range(3):
            model.train()  # p
            total = 0
            for i, (x, y) in enumerate(loader):  # p
                x, y = x.to(device), y.to(device)  # b
                optimizer.zero_grad()
                out = model(x)  # b
                loss = criterion(out, y)  # b
                if i % 10 == 0:
                    print(loss.item())
                loss.backward()
                optimizer.step()
                total += loss.item()
            scheduler.step()
    if __name__ == "__main__":
        main()
"""

ACCUMULATED = """
    import torch  # m
    from model import GPT  # m
    dtype = "bfloat16"  # m
    accumulation = 4  # m
    exec(open("configurator.py").read())  # m
    context = torch.autocast("cpu", dtype=getattr(torch, dtype))  # m
    def get_batch(split):  # m
        return torch.randint(9, (2, 4)), torch.randint(9, (2, 4))
    model = GPT()  # m
    model.crop_block_size(4)  # m
    if wants_compile:  # m
        model = torch.compile(model)
    scaler = torch.amp.GradScaler()  # m
    optimizer = model.configure_optimizers(0.1)  # m
    optimizer.load_state_dict(torch.load("x.pt"))
    x, y = get_batch("train")  # m
    while True:
        for group in optimizer.param_groups:
            group["lr"] = 0.1
        for micro_step in range(accumulation):
            with context:  # b
                logits, loss = model(x, y)
                loss = loss / accumulation
            x, y = get_batch("train")
            scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
"""

GAN = """
    from models import Generator, Discriminator
    generator, critic = Generator(), Discriminator()
    optimizer_g, optimizer_d = make(generator), make(critic)
    if __name__ == "__main__":
        for real, _ in loader:  # p
            label = torch.ones(len(real))  # b
            loss_real = bce(critic(real), label)
            loss_real.backward()
            noise = torch.randn(len(real), 8)  # b
            fake = generator(noise)  # b
            label.fill_(0)  # b
            output = critic(fake.detach())  # b
            loss_fake = bce(output, label)  # b
            loss_fake.backward()
            optimizer_d.step()
            loss_g = bce(critic(fake), label)
            loss_g.backward()
            optimizer_g.step()
"""

BRANCHES = """
    def train_one_epoch(model, criterion, optimizer, loader, device, scaler=None):  # p
        model.train()  # p
        for image, target in loader:  # p
            with torch.autocast("cuda", enabled=scaler is not None):  # b
                output = model(image)
                loss = criterion(output, target)
            optimizer.zero_grad()
            if scaler is not None:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
            else:
                loss.backward()
                optimizer.step()
"""

ACCELERATE = """
    def main():  # m
        accelerator = Accelerator(gradient_accumulation_steps=2)  # p
        model, loader = Net(), make_loader()  # p
        for p in model.base.parameters():  # p
            p.requires_grad = False
        optimizer = AdamW([p for p in model.parameters() if p.requires_grad])  # p
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)  # p
        bar = tqdm(range(9))  # p
        for step, batch in enumerate(loader):  # p
            with accelerator.accumulate(model):
                outputs = model(**batch)  # b
                loss = outputs.loss  # b
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                bar.update(1)
    main()
"""

CLOSURE = """
    def fit(model):
        optimizer = torch.optim.LBFGS(model.parameters())  # p
        for x, y in make_loader():  # p
            x = x.double()  # p
            def closure():
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(model(x), y)  # b
                loss.backward()
                return loss
            optimizer.step(closure)
"""

CONTAINERS = """
    def train(model, loader):
        optimizer = Adam(model.parameters())  # p
        for batch in loader:  # p
            for key in ["text", "length"]:  # b
                batch.pop(key)
            losses = []  # p
            for head in model.heads:  # b
                losses.append(head(batch["x"]))
            named = {}
            named["a"] = losses[0].item()
            loss = sum(losses)  # b
            loss.backward()
            optimizer.step()
"""

SETTINGS = """
    import torch  # m
    for is_wide, heads in ((False, 1), (True, 4)):  # p
        net = Net(8, heads=heads, is_wide=is_wide)  # p
        images = torch.randn(2, 3, 8, 8)  # p
        loss = net(images).sum()  # b
        loss.backward()
"""


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(LOOP, "x y"), id="a loop in a function"),
        pytest.param(Case(ACCUMULATED, "x y"), id="accumulation at module level"),
        pytest.param(Case(GAN, "real", "loss_fake", "optimizer_d", "@loss_fake"), id="two optimizers"),
        pytest.param(Case(BRANCHES, "image target"), id="a scaler or none"),
        pytest.param(Case(ACCELERATE, "batch"), id="accelerate"),
        pytest.param(Case(CLOSURE, "x y"), id="a closure"),
        pytest.param(Case(CONTAINERS, "batch"), id="containers"),
        pytest.param(Case(SETTINGS, "images", optimizers="", target="@loss"), id="a loop over settings"),
    ],
)
def test_what_runs_before_a_step_and_what_is_traced(case: Case) -> None:
    example = sliced(case.text, case.target)
    step = example.step
    assert step is not None
    lines = dedent(case.text).split("\n")
    marks = {number: found[1] for number, line in enumerate(lines, 1) if (found := _MARK.search(line))}
    kinds = {"p": example.prelude, "b": step.body, "m": step.module or ()}
    found = {kind: sorted({statement.line for statement in statements}) for kind, statements in kinds.items()}
    assert found == {kind: [line for line, mark in marks.items() if kind in mark] for kind in kinds}
    assert (step.loss, set(step.inputs), " ".join(step.optimizers)) == (
        case.loss,
        set(case.inputs.split()),
        case.optimizers,
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("loss = f(x)\n        loss.backward()", "train@loss"),
        ("loss = f(x)\n        (loss / 4).backward()", "train@loss"),
        ("loss = f(x)\n        loss.mean().backward()", "train@loss"),
        ("out = f(x)\n        out.loss.backward(retain_graph=True)", "train@loss"),
        ("loss = f(x)\n        scaler.scale(loss).backward()", "train@loss"),
        ("loss = f(x)\n        accelerator.backward(loss)", "train@loss"),
        ("loss = f(x)\n        torch.autograd.backward(loss)", "train@loss"),
        ("y = f(x)\n        y.backward(torch.ones_like(y))", "train@y"),
        ("losses = f(x)\n        sum(losses.values()).backward()", "train@losses"),
        ("criterion(f(x), y).backward()", "train@loss"),
    ],
)
def test_the_name_of_a_step_is_that_of_its_loss(code: str, name: str) -> None:
    assert steps(f"""
    def train(f, x, y):
        {code}
    """) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "def backward(self, loss, **kwargs):\n    loss.backward(**kwargs)",
        "def backward(self, loss):\n    loss = loss / self.steps\n    self.scaler.scale(loss).backward()",
        "class F(Function):\n    @staticmethod\n    def backward(ctx, g):\n        return kernel().backward(g, ctx.x)",
        "def run(model, *args):\n    model(*args)['loss'].backward()",
        "class T(Strategy):\n    def backward(self, loss):\n        super().backward(loss)",
        "class Net(nn.Module):\n    def compute_loss(self, logits, labels):\n        return f(logits, labels)",
        "class Step:\n    def training_step(self, *args):\n        return self.module(*args)",
    ],
)
def test_code_that_runs_the_backward_pass_of_others_has_no_step(text: str) -> None:
    assert steps(text) == []


def test_steps_are_named_by_function_and_count() -> None:
    text = """
    loss = f(x)
    loss.backward()
    class Trainer:
        def fit(self):
            loss = g(x)
            loss.backward()
            loss = h(x)
            loss.backward()
    """
    assert steps(text) == ["@loss", "Trainer.fit@loss", "Trainer.fit@loss#2"]
    first = step_places(parse(dedent(text)))[0]
    assert first == StepPlace("@loss", "", 3, 2)


def test_a_method_of_a_trainer_is_followed_to_its_calls() -> None:
    example = sliced("""
    class Trainer:
        def __init__(self, model, data, optimizer):
            self.model, self.data, self.optimizer = model, data, optimizer
        def _run_batch(self, source, target):
            output = self.model(source)
            loss = F.cross_entropy(output, target)
            loss.backward()
            self.optimizer.step()
        def _run_epoch(self, epoch):
            self.model.train()
            for source, target in self.data:
                source = source.cuda()
                self._run_batch(source, target)
        def train(self, epochs):
            for epoch in range(epochs):
                self._run_epoch(epoch)
    def main(epochs, batch_size=8):
        model = Net()
        optimizer = SGD(model.parameters())
        trainer = Trainer(model, DataLoader(Data(), batch_size), optimizer)
        trainer.train(epochs)
    if __name__ == "__main__":
        main(3)
    """)
    assert prelude(example) == [
        "(epochs, batch_size,) = (3, 8,)",
        "model = Net()",
        "optimizer = SGD(model.parameters())",
        "trainer = Trainer(model, DataLoader(Data(), batch_size), optimizer)",
        "(self, epochs,) = (trainer, epochs,)",
        "epoch = next(iter(range(epochs)))",
        "(self, epoch,) = (self, epoch,)",
        "self.model.train()",
        "source, target = next(iter(self.data))",
        "source = source.cuda()",
        "(self, source, target,) = (self, source, target,)",
    ]
    assert body(example) == ["output = self.model(source)", "loss = F.cross_entropy(output, target)"]
    step = example.step
    assert step is not None
    assert (step.owner, step.inputs, step.optimizers) == ("self", ("source", "target"), ("self.optimizer",))
    assert (step.module, step.frame) == (None, len(example.prelude))


def test_parameters_are_followed_to_a_call_in_another_file() -> None:
    example = sliced(
        """
        def train(model, loader, optimizer):
            for x, y in loader:
                loss = model(x, y)
                loss.backward()
                optimizer.step()
        """,
        main="""
        from train import train
        from elsewhere import unused
        import utils
        def main(args):
            utils.init_distributed_mode(args)
            utils.mkdir(args.output)
            net = utils.build(args)
            train(net, make(args), torch.optim.SGD(net.parameters()))
        main(utils.parse())
        """,
        other="train(1, 2, 3)",
    )
    assert [(statement.path, statement.text) for statement in example.prelude] == [
        ("/w/main.py", "import utils"),
        ("/w/main.py", "(args,) = (utils.parse(),)"),
        ("/w/main.py", "utils.init_distributed_mode(args)"),
        ("/w/main.py", "net = utils.build(args)"),
        (
            "/w/main.py",
            "(model, loader, optimizer,) = (net, make(args), torch.optim.SGD(net.parameters()),)",
        ),
        (PATH, "x, y = next(iter(loader))"),
    ]
    assert example.step is not None and example.step.frame == 5


def test_a_parameter_without_a_known_value_is_an_input_and_what_is_made_of_it_is_traced() -> None:
    example = sliced("""
    def learn(model, x, steps=3):
        size, device = x.shape[0], x.device
        optimizer = Adam(model.parameters())
        for _ in range(steps):
            rows = torch.randint(0, size, (4,), device=device)
            loss = model(x[rows]).sum()
            loss.backward()
    """)
    assert body(example) == [
        "size, device = x.shape[0], x.device",
        "rows = torch.randint(0, size, (4,), device=device)",
        "loss = model(x[rows]).sum()",
    ]
    assert example.step is not None and example.step.inputs == ("x",)


def test_statements_of_a_context_that_the_loss_does_not_need_leave_a_gap() -> None:
    example = sliced("""
    def train(model, loader):
        for x in loader:
            with autocast():
                loss = model(x)
                total += loss.item()
                loss = loss / 4
            loss.backward()
    """)
    (statement,) = example.step.body if example.step is not None else ()
    assert [line.rstrip() for line in statement.text.split("\n")] == [
        "with autocast():",
        "    loss = model(x)",
        "",
        "    loss = loss / 4",
    ]


def test_blocks_between_a_context_and_the_loss_are_entered() -> None:
    example = sliced("""
    def train(model, x, accumulate):
        with autocast():
            out = model(x)
            if accumulate:
                for _ in range(3):
                    log(out)
                    with accelerator.accumulate(model), torch.enable_grad():
                        with torch.enable_grad():
                            loss = out.sum()
                        loss.backward()
    """)
    (statement,) = example.step.body if example.step is not None else ()
    assert [line.rstrip() for line in statement.text.split("\n")] == [
        "with autocast():",
        "    out = model(x)",
        "    if 1:",
        "        if 1:",
        "",
        "            if 1:",
        "                with torch.enable_grad():",
        "                    loss = out.sum()",
    ]


def test_a_module_that_a_script_fits_has_a_step() -> None:
    module = """
    class LitNet(L.LightningModule):
        def training_step(self, batch, batch_idx):
            if batch is None:
                return None
            x, y = batch
            loss = F.mse_loss(self.net(x), y)
            self.log("loss", loss)
            return {"loss": loss, "n": 3}
        def validation_step(self, batch, batch_idx):
            return self.net(batch)
    """
    script = """
    from train import LitNet
    def main():
        data = MyDataModule(8)
        model = LitNet(width=4)
        trainer = L.Trainer()
        trainer.fit(model, datamodule=data)
    main()
    """
    example = sliced(module, script=script)
    assert steps(module) == ["LitNet.training_step@loss"]
    assert prelude(example) == [
        "from train import LitNet",
        "data = MyDataModule(8)",
        "model = LitNet(width=4)",
        'hasattr(data, "prepare_data") and data.prepare_data()',
        'hasattr(data, "setup") and data.setup("fit")',
        'first_batch = next(iter(data.train_dataloader() if hasattr(data, "train_dataloader") else data))',
        "(self, batch_idx, batch,) = (model, 0, first_batch,)",
    ]
    assert body(example) == ["x, y = batch", "loss = F.mse_loss(self.net(x), y)"]
    step = example.step
    assert step is not None
    assert (step.loss, step.inputs, step.optimizers) == ("loss", ("batch",), ("self.configure_optimizers()",))


def test_the_loss_of_a_trainer_of_transformers_is_a_step() -> None:
    example = sliced("""
    class MyTrainer(Trainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            labels = inputs.pop("labels")
            outputs = model(**inputs)
            loss = FocalLoss()(outputs.logits, labels)
            return (loss, outputs) if return_outputs else loss
    def main():
        trainer = MyTrainer(model=Net(), args=args, train_dataset=Pairs())
        trainer.train()
    """)
    assert prelude(example) == [
        "trainer = MyTrainer(model=Net(), args=args, train_dataset=Pairs())",
        "trainer.model.train()",
        "first_batch = next(iter(trainer.get_train_dataloader()))",
        "(self, model, inputs,) = (trainer, trainer.model, first_batch,)",
    ]
    assert body(example) == [
        'labels = inputs.pop("labels")',
        "outputs = model(**inputs)",
        "loss = FocalLoss()(outputs.logits, labels)",
    ]


TRAINED = """
    from transformers import Trainer, TrainingArguments
    def main():
        model = Net()
        print("start")
        trainer = Trainer(model=model, args=TrainingArguments("out"), train_dataset=Rows())
        trainer.train()
    main()
"""


def test_a_trainer_of_a_package_has_its_step_where_it_is_called() -> None:
    example = sliced(TRAINED)
    step = example.step
    assert steps(TRAINED) == ["main@trainer"] and step is not None
    assert (step.loss, step.loss_line, step.owner) == ("trainer.compute_loss(trainer.model, first_batch)", 7, "trainer")
    assert step.optimizers == ("trainer.create_optimizer()",) and not step.body
    assert [statement.text for statement in example.prelude] == [
        "model = Net()",
        'trainer = Trainer(model=model, args=TrainingArguments("out"), train_dataset=Rows())',
        "trainer.model.train()",
        "first_batch = next(iter(trainer.get_train_dataloader()))",
    ]


@pytest.mark.parametrize("kind", ["class Trainer: ...", "model = trainer"])
def test_a_trainer_of_the_users_own_is_none_of_a_package(kind: str) -> None:
    own = f"{kind}\nTRAINER"
    made = "trainer = Trainer(model, loader)" if "class" in kind else "trainer = Net(model)"
    assert steps(own.replace("TRAINER", made) + "\ntrainer.train()\n") == []


def test_a_batch_that_is_collected_item_by_item_is_made_before_the_step() -> None:
    example = sliced("""
        model = Net()
        for step in range(100):
            ix = torch.randint(len(data) - 8, (4,))
            x = torch.stack([torch.from_numpy(data[i : i + 8]) for i in ix])
            y = torch.stack([torch.from_numpy(data[i + 1 : i + 9]) for i in ix])
            x, y = x.to(device), y.to(device)
            logits = model(x)
            parts = torch.stack([logits[i] for i in order])
            loss = F.cross_entropy(parts, y)
            loss.backward()
    """)
    assert example.step is not None
    assert example.step.inputs[-2:] == ("x", "y") and "ix" not in example.step.inputs
    assert [statement.text.partition(" = ")[0] for statement in example.step.body] == [
        *("x, y", "logits", "parts", "loss")
    ]


def test_conditions_around_the_backward_pass_are_those_that_no_loop_changes() -> None:
    text = """
        use_amp = flag()
        model = Net()
        for i, x in enumerate(loader):
            if use_amp:
                loss = model(x)
                if i % 4 == 0:
                    loss.backward()
            elif args.half:
                other = model(x)
                other.backward()
            else:
                last = model(x)
                last.backward()
    """
    found = [sliced(text, name).step for name in ("@loss", "@other", "@last")]
    assert [step.conditions for step in found if step is not None] == [
        ("use_amp",),
        ("not use_amp", "args.half"),
        ("not use_amp", "not args.half"),
    ]
    assert any(statement.text == "use_amp = flag()" for statement in sliced(text, "@last").prelude) or any(
        statement.text == "use_amp = flag()" for statement in (found[2].module or () if found[2] is not None else ())
    )


def test_a_loss_that_either_branch_runs_has_no_condition() -> None:
    step = sliced("""
        loss = Net()(x)
        if scaler:
            scaler.scale(loss).backward()
        else:
            loss.backward()
    """).step
    assert step is not None and step.conditions == ()


def test_conditions_around_calls_are_kept_by_the_set_up_where_each_call_stands() -> None:
    example = sliced(
        """
        def step(net, flag):
            loss = net(x)
            loss.backward()

        def fit(net, flag):
            for epoch in range(3):
                if flag and epoch >= 0:
                    pass
                elif flag:
                    step(net, flag=True)

        def main():
            if args.train:
                fit(Net(), args.flag)
            if args.twice:
                fit(Net(), True)

        main()
    """,
        "step@loss",
    )
    step = example.step
    assert step is not None and step.conditions == ()
    codes = [code for _, code in step.conditions_of_callers]
    assert codes == ["args.train", "flag"]
    texts = [statement.text for statement in example.prelude]
    first, second = (texts.index(f"{name} = ({code})") for name, code in step.conditions_of_callers)
    assert first < texts.index("(net, flag,) = (Net(), args.flag,)") < second < step.frame - 1


def test_a_call_that_another_branch_makes_too_has_no_condition() -> None:
    step = sliced(
        """
        def train(net, x):
            loss = net(x)
            loss.backward()

        if half:
            train(Net().half(), x)
        else:
            train(Net(), x)
    """,
        "train@loss",
    ).step
    assert step is not None and step.conditions_of_callers == ()


def test_a_comment_above_a_loop_over_data_stands_in_place_of_its_first_item() -> None:
    example = sliced("""
        size = 3
        other = 4
        net = Net(size)
        # aotlens: 5
        for epoch in range(2):
            # aotlens: {"ids": torch.ones(2,
            #     size)}
            for i, batch in enumerate(loader):
                loss = net(batch["ids"])
                loss.backward()
    """)
    texts = [statement.text for statement in (*(example.step.module or ()), *example.prelude)] if example.step else []
    assert 'batch = ({"ids": torch.ones(2,\n     size)})' in texts
    assert "size = 3" in texts and "other = 4" not in texts
    assert not any("next(iter(" in text for text in texts)
    assert example.step is not None and example.step.pinned == ("batch",)
    (statement,) = (each for each in example.prelude if each.text.startswith("batch"))
    assert (statement.line, statement.column) == (7, 16)


def test_a_text_has_at_most_as_many_steps_as_can_be_compared() -> None:
    branches = "".join(f"    elif x == {i}:\n        loss = f(x)\n        loss.backward()\n" for i in range(3000))
    assert len(step_places(parse(f"def train(x):\n    if not x:\n        pass\n{branches}"))) == MOST


TURNS = """
    for step in range(9):
        if step % 4 == 0:
            hidden = None
        out, hidden = net(torch.randn(2), hidden)
        print(out)
        first, second = out
        first.mean().backward()
        loss = second.mean()
        losses.append(loss)
        loss.backward()
        if step % 4 == 3:
            optimizer.step()
        hidden = hidden.detach()
"""


def test_a_turn_has_what_its_backward_passes_need_and_hand_on() -> None:
    step = sliced(TURNS, "@loss").step
    assert step is not None
    assert [each.line for each in step.turn] == [3, 5, 7, 8, 9, 11, 12, 14]
    assert (step.carried, step.given) == (("hidden",), ("step",))


def test_a_turn_that_has_no_more_than_the_step_is_usual() -> None:
    step = sliced(
        TURNS.replace("hidden", "9").replace("9 =", "_ =").replace("first.mean().backward()", "pass"), "@loss"
    ).step
    assert step is not None and step.is_usual
