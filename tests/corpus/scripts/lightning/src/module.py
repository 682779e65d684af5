import lightning as L
import torch
import torch.nn.functional as F

from src.networks import Decoder, Encoder


class LitVAE(L.LightningModule):
    """A variational autoencoder. It has no forward: what can be run are its steps."""

    def __init__(self, latent: int = 16, lr: float = 1e-3, kl_weight: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = Encoder(latent=latent)
        self.decoder = Decoder(latent=latent)

    def _elbo(self, x):
        mu, log_var = self.encoder(x)
        std = torch.exp(0.5 * log_var)
        z = mu + std * torch.randn_like(std)
        x_hat = self.decoder(z)
        reconstruction = F.mse_loss(x_hat, x)
        kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(dim=1).mean()
        return reconstruction, kl

    def training_step(self, batch, batch_idx):
        x, _ = batch
        x = x.view(x.size(0), -1)
        reconstruction, kl = self._elbo(x)
        loss = reconstruction + self.hparams.kl_weight * kl
        self.log_dict({"train/loss": loss, "train/kl": kl}, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, _ = batch
        reconstruction, kl = self._elbo(x.view(x.size(0), -1))
        self.log("val/loss", reconstruction + self.hparams.kl_weight * kl)

    def configure_optimizers(self):
        # The log variance keeps its initial weights.
        parameters = [p for name, p in self.named_parameters() if not name.startswith("encoder.log_var")]
        optimizer = torch.optim.AdamW(parameters, lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        return {"optimizer": optimizer, "lr_scheduler": scheduler}
