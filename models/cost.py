"""What a network costs on the runtime that serves it, LiteRT with one thread: multiply-adds, time, memory.

It imports nothing that trains, so that a fresh process shows what the network itself takes.
"""

import re
import time
from concurrent.futures import ProcessPoolExecutor
from math import prod
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as litert

from app.vision.crop import SIDE, as_input
from app.vision.expression_network import ExpressionNetwork

BATCHES = (1, 8, 32)  # faces at once
ROUNDS, SECONDS = 30, 3.0  # for each batch, until either is spent
WEIGHTED = (
    litert.BuiltinOperator.CONV_2D,
    litert.BuiltinOperator.DEPTHWISE_CONV_2D,
    litert.BuiltinOperator.FULLY_CONNECTED,
)


def cost(path: Path) -> dict:
    """Measure a .tflite file: `bytes`, `multiply_adds` a face, `ms_a_face` by batch, `peak_memory` in bytes.

    The memory is what loading and the largest batch add to a process that has done nothing else; None where
    the system is not Linux.
    """
    weights = path.read_bytes()
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        ran = fresh.submit(_run, path).result()
    return {"bytes": len(weights), "multiply_adds": multiply_adds(weights)} | ran


def multiply_adds(weights: bytes) -> int:
    """Count the multiplications of convolutions and dense layers, which are nearly all, for one face."""
    graph = litert.Model.GetRootAs(weights, 0)
    tensors = graph.Subgraphs(0)
    total = 0
    for index in range(tensors.OperatorsLength()):
        operator = tensors.Operators(index)
        kind = graph.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        if kind not in WEIGHTED:
            continue
        kernel = tensors.Tensors(operator.Inputs(1)).ShapeAsNumpy()
        _, *places, _ = tensors.Tensors(operator.Outputs(0)).ShapeAsNumpy()
        total += prod(map(int, kernel)) * prod(map(int, places))
    return total


def _run(path: Path) -> dict:
    before = _peak()
    network = ExpressionNetwork(path.read_bytes(), path, threads=1)
    times = {batch: _milliseconds_a_face(network, batch) for batch in BATCHES}
    return {"ms_a_face": times, "peak_memory": before and _peak() - before}


def _milliseconds_a_face(network: ExpressionNetwork, batch: int) -> float:
    """Time the fastest round, after one that lays out the memory: what else runs only adds to it."""
    pixels = as_input(np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE), np.uint8))
    network.run(pixels)
    rounds, started = [], time.perf_counter()
    while not rounds or (len(rounds) < ROUNDS and time.perf_counter() - started < SECONDS):
        begin = time.perf_counter()
        network.run(pixels)
        rounds.append(time.perf_counter() - begin)
    return 1000 * min(rounds) / batch


def _peak() -> int | None:
    """The largest memory that this process has had, in bytes; None where the system is not Linux.

    getrusage won't do: its peak begins with that of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
