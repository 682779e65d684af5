"""The training steps of the scripts of the corpus, as their users would name them."""

from __future__ import annotations

from .real_steps import Step

_GAN = {
    "modules": (("netG", "netG"), ("netD", "netD"), ("criterion", "criterion")),
    "start": "real_cpu = data[0].to(device)",
}

STEPS = (
    Step(
        *("plain", "train@loss", "loss.backward()", "loss"),
        start="data, target = data.to(device), target.to(device)",
        modules=(("model", "model"), ("criterion", "criterion")),
        optimizers=("optimizer",),
        hover_backward="loss.back|ward()",
        hover_optimizer="optimizer.st|ep()",
        hover_model="output = mod|el(data)\n        loss",
        hover_values=(("output", "output|"), ("target", "data, tar|get = "), ("loss", "lo|ss = criterion")),
    ),
    Step(
        *("nanogpt", "@loss", "scaler.scale(loss).backward()", "scaler.scale(loss)"),
        start="for micro_step in range(gradient_accumulation_steps):",
        modules=(("model", "model"),),
        optimizers=("optimizer",),
        hover_backward="scaler.scale(loss).back|ward()",
        hover_optimizer="scaler.step(opti|mizer)",
        hover_model="logits, loss = mod|el(X, Y)\n            loss = loss",
        hover_values=(
            ("X", "model(X|, Y)\n            loss = loss"),
            ("logits", "log|its, loss = model(X, Y)\n            loss ="),
        ),
    ),
    Step(
        *("gan", "@errD_real", "errD_real.backward()", "errD_real"),
        **_GAN,
        optimizers=("optimizerD", "optimizerG"),
        hover_backward="errD_real.back|ward()",
        hover_optimizer="optimizer|D.step()",
        hover_model="output = net|D(real_cpu)",
        hover_values=(
            ("real_cpu", "netD(real|_cpu)"),
            ("label", "label| = torch.full"),
            ("errD_real", "errD|_real = criterion"),
        ),
    ),
    Step(
        *("gan", "@errD_fake", "errD_fake.backward()", "errD_fake"),
        **_GAN,
        optimizers=("optimizerD", "optimizerG"),
        hover_backward="errD_fake.back|ward()",
        hover_model="fake = net|G(noise)",
        hover_values=(("noise", "netG(noi|se)"), ("errD_fake", "errD|_fake = criterion")),
    ),
    Step(
        *("gan", "@errG", "errG.backward()", "errG"),
        **_GAN,
        optimizers=("optimizerG", "optimizerD"),
        hover_backward="errG.back|ward()",
        hover_optimizer="optimizer|G.step()",
        hover_model="output = net|D(fake)",
        hover_values=(("errG", "err|G = criterion"),),
    ),
    Step(
        *("lightning", "LitVAE.training_step@loss", "return loss", "loss"),
        start="x = x.view(x.size(0), -1)",
        modules=(("", "self"),),
        optimizers=("self.trainer.optimizers[0]",),
        hover_backward="return lo|ss",
        hover_values=(("x", "self._elbo(x|)\n        loss"), ("loss", "lo|ss = reconstruction")),
        file="src/module.py",
    ),
    Step(
        *("huggingface", "main@loss", "accelerator.backward(loss)", "loss"),
        start="outputs = model(**batch)",
        modules=(("model", "model"),),
        optimizers=("optimizer",),
        hover_backward="accelerator.back|ward(loss)",
        hover_optimizer="optimizer.st|ep()",
        hover_model="outputs = mod|el(**batch)",
        hover_values=(("loss", "lo|ss = outputs.loss"),),
    ),
    Step(
        *("huggingface", "FocalTrainer.compute_loss@loss"),
        *("return (loss, outputs) if return_outputs else loss", "loss"),
        start='labels = inputs.pop("labels")',
        modules=(("model", "model"),),
        optimizers=("self.optimizer",),
        hover_backward="else lo|ss",
        hover_values=(("labels", "lab|els = inputs"), ("loss", "lo|ss = FocalLoss")),
        script="trainer.py",
        file="trainer.py",
    ),
)
"""Each step, with the line before which it begins and the line that runs its backward pass."""
