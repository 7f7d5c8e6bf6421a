"""Trains the network of a JSON request with PyTorch for some seconds and prints its speed as JSON.

It is given every advantage that a plain float32 loop can have: all pictures are float tensors in memory, batches are
slices of them, gradients are dropped rather than zeroed. Convolutions are padded alike on all sides; TensorFlow's lopsided
"same" padding at stride 2, with the same number of outputs, would cost PyTorch a copy.
"""

import json
import resource
import sys
import time

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def conv(layer, channels):
    filters = layer["filters"]
    depthwise = filters == "depthwise"
    if layer.get("padding", "same") != "same" or layer["kernel"] % 2 == 0:
        raise SystemExit(f"the PyTorch side knows no convolution like {layer}")
    module = nn.Conv2d(
        channels,
        channels if depthwise else filters,
        layer["kernel"],
        stride=layer.get("stride", 1),
        padding=layer["kernel"] // 2,
        bias=layer.get("bias", True),
        groups=channels if depthwise else 1,
    )
    return module, module.out_channels


def batch_norm(layer, channels):
    # PyTorch's momentum is the share of the new statistics, ours that of the old ones.
    module = nn.BatchNorm2d(channels, eps=layer.get("epsilon", 1e-3), momentum=1 - layer.get("momentum", 0.99))
    if layer.get("gamma") == "zero":
        nn.init.zeros_(module.weight)
    return module


def sequence(layers, channels):
    modules = []
    for layer in layers:
        kind = layer["type"]
        if kind == "conv":
            module, channels = conv(layer, channels)
            modules.append(module)
        elif kind == "batch-norm":
            modules.append(batch_norm(layer, channels))
        elif kind == "relu":
            modules.append(nn.ReLU(inplace=True))
        elif kind == "residual":
            body, channels_after = sequence(layer["body"], channels)
            shortcut, _ = sequence(layer.get("shortcut", []), channels)
            modules.append(Residual(body, shortcut))
            channels = channels_after
        elif kind == "global-average-pool":
            modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        elif kind == "dropout":
            modules.append(nn.Dropout(layer["rate"]))
        elif kind == "dense":
            modules.append(nn.Linear(channels, layer["units"]))
            channels = layer["units"]
        else:
            raise SystemExit(f"the PyTorch side knows no layer {kind}: teach it in pytorch-peer.py")
    return nn.Sequential(*modules), channels


def load(request):
    side = request["side"]
    with open(request["path"], "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    images = pixels.view(-1, side, side, 3).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(request[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    images = ((images - mean) / std).contiguous()
    labels = torch.tensor(request["labels"])
    order = torch.randperm(len(images))
    return images[order], labels[order]


def optimiser(network, rate, weight_decay):
    kernels = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    groups = [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate)


def main():
    request = json.loads(sys.argv[1])
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    images, labels = load(request)
    batch = request["batch"]
    network, _ = sequence(request["layers"], 3)
    network.train()
    step_rule = optimiser(network, request["rate"], request["weightDecay"])
    loss_of = nn.CrossEntropyLoss(label_smoothing=request["labelSmoothing"])

    opened = time.perf_counter()
    began = None
    steps = warm_steps = start = 0
    while True:
        loss = loss_of(network(images[start : start + batch]), labels[start : start + batch])
        step_rule.zero_grad(set_to_none=True)
        loss.backward()
        step_rule.step()
        start = start + batch if start + 2 * batch <= len(images) else 0
        now = time.perf_counter()
        if began is None:
            warm_steps += 1
            if warm_steps >= 3 and now - opened >= request["warmUpSeconds"]:
                began = now
            continue
        steps += 1
        if now - began >= request["seconds"]:
            break

    print(
        json.dumps(
            {
                "imagesPerSecond": steps * batch / (now - began),
                "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "parameters": sum(p.numel() for p in network.parameters()),
                "loss": loss.item(),
            }
        )
    )


main()
