"""Layers of torchao: weights as tensor subclasses, and layers that compute in float8 or as if quantized."""

import torch
from plain import Net
from torch import nn
from torchao.float8 import convert_to_float8_training
from torchao.quantization import (
    Float8WeightOnlyConfig,
    Int4WeightOnlyConfig,
    Int8DynamicActivationInt8WeightConfig,
    Int8WeightOnlyConfig,
    quantize_,
)
from torchao.quantization.qat import IntxFakeQuantizeConfig, QATConfig
from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import linear_nf4, to_nf4


# aotlens: Int8()(torch.randn(16, 64))
class Int8(Net):
    def convert(self):
        quantize_(self.mlp, Int8WeightOnlyConfig())


# aotlens: Int8Dynamic()(torch.randn(16, 64))
class Int8Dynamic(Net):
    def convert(self):
        quantize_(self.mlp, Int8DynamicActivationInt8WeightConfig())


# aotlens: Float8()(torch.randn(16, 64))
class Float8(Net):
    def convert(self):
        quantize_(self.mlp, Float8WeightOnlyConfig())


# aotlens: Float8Training()(torch.randn(16, 64))
class Float8Training(Net):
    def convert(self):
        convert_to_float8_training(self.mlp)


# aotlens: Qat()(torch.randn(16, 64))
class Qat(Net):
    def convert(self):
        weights = IntxFakeQuantizeConfig(torch.int4, group_size=32)
        quantize_(self.mlp, QATConfig(weight_config=weights, step="prepare"))


# aotlens: Int4()(torch.randn(16, 64, dtype=torch.bfloat16))
class Int4(Net):
    dtype = torch.bfloat16

    def convert(self):
        quantize_(self.mlp, Int4WeightOnlyConfig(group_size=32))


# aotlens: Lora()(torch.randn(16, 64))
class Lora(Net):
    def convert(self):
        self.frozen = nn.Parameter(to_nf4(torch.randn(64, 64), 64, 16), requires_grad=False)
        self.a = nn.Linear(64, 4, bias=False)
        self.b = nn.Linear(4, 64, bias=False)

    def forward(self, x):
        return self.head(linear_nf4(input=x, weight=self.frozen) + self.b(self.a(x)))
