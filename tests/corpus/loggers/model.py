import functools
import logging

import torch

logger = logging.getLogger(__name__)


@functools.lru_cache(None)
def warning_once(self: logging.Logger, *args: object) -> None:
    """As transformers adds it to every logger."""
    self.warning(*args)


logging.Logger.warning_once = warning_once


# aotlens: Talkative(4, 4)(torch.randn(2, 4))
class Talkative(torch.nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logger.warning_once("only once")
        logger.info("%s rows", x.shape[0])
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("the mean is %s", x.mean())
        return super().forward(x)
