import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint

from src.data import PatchesDataModule
from src.module import LitVAE


def main():
    L.seed_everything(42)
    datamodule = PatchesDataModule(batch_size=32)
    model = LitVAE(latent=16, lr=3e-4)
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[ModelCheckpoint(monitor="val/loss")],
        log_every_n_steps=1,
    )
    trainer.fit(model, datamodule=datamodule)


if __name__ == "__main__":
    main()
