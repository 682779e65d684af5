"""The training steps of the scripts of the corpus, as their users would name them."""

from __future__ import annotations

from .real_steps import Step

_GAN = {"modules": (("netG", "netG"), ("netD", "netD"), ("criterion", "criterion"))}

STEPS = (
    Step(
        *("plain", "train@loss", "data, target = data.to(device), target.to(device)", "loss.backward()", "loss"),
        modules=(("model", "model"), ("criterion", "criterion")),
        optimizers=("optimizer",),
    ),
    Step(
        *(
            "nanogpt",
            "@loss",
            "for micro_step in range(gradient_accumulation_steps):",
            "scaler.scale(loss).backward()",
            "scaler.scale(loss)",
        ),
        modules=(("model", "model"),),
        optimizers=("optimizer",),
    ),
    Step(
        *("gan", "@errD_real", "real_cpu = data[0].to(device)", "errD_real.backward()", "errD_real"),
        **_GAN,
        optimizers=("optimizerD", "optimizerG"),
    ),
    Step(
        *("gan", "@errD_fake", "real_cpu = data[0].to(device)", "errD_fake.backward()", "errD_fake"),
        **_GAN,
        optimizers=("optimizerD", "optimizerG"),
    ),
    Step(
        *("gan", "@errG", "real_cpu = data[0].to(device)", "errG.backward()", "errG"),
        **_GAN,
        optimizers=("optimizerD", "optimizerG"),
    ),
    Step(
        *("lightning", "LitVAE.training_step", "x, _ = batch", "return loss", "loss"),
        modules=(("", "self"),),
        optimizers=("self.trainer.optimizers[0]",),
        file="src/module.py",
    ),
    Step(
        *("huggingface", "main@loss", "outputs = model(**batch)", "accelerator.backward(loss)", "loss"),
        modules=(("model", "model"),),
        optimizers=("optimizer",),
    ),
    Step(
        *("huggingface", "FocalTrainer.compute_loss", 'labels = inputs.pop("labels")'),
        *("return (loss, outputs) if return_outputs else loss", "loss"),
        modules=(("model", "model"),),
        optimizers=("self.optimizer",),
        script="trainer.py",
        file="trainer.py",
    ),
)
"""Each step, with the line before which it begins and the line that runs its backward pass."""
