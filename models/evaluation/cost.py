"""The cost of a network on the runtime that serves it, LiteRT on one thread: multiply-adds, time, memory.

This module imports nothing that trains, so that a fresh process shows what the network itself takes.
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
MAX_ROUNDS, MAX_SECONDS = 30, 3.0  # for each batch
WEIGHTED_OPERATORS = (
    litert.BuiltinOperator.CONV_2D,
    litert.BuiltinOperator.DEPTHWISE_CONV_2D,
    litert.BuiltinOperator.FULLY_CONNECTED,
)


def cost(path: Path) -> dict:
    """Measure a .tflite file: `bytes`, `multiply_adds` a face, `ms_a_face` by batch, `peak_memory` in bytes.

    The memory is what loading and the largest batch add to a process that has done nothing else; None on
    systems other than Linux.
    """
    weights = path.read_bytes()
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh_process:
        measured = fresh_process.submit(_measure, path).result()
    return {"bytes": len(weights), "multiply_adds": multiply_adds(weights)} | measured


def multiply_adds(weights: bytes) -> int:
    """Count the multiplications of convolutions and dense layers for one face: nearly all there are."""
    graph = litert.Model.GetRootAs(weights, 0)
    tensors = graph.Subgraphs(0)
    total = 0
    for index in range(tensors.OperatorsLength()):
        operator = tensors.Operators(index)
        if graph.OperatorCodes(operator.OpcodeIndex()).BuiltinCode() not in WEIGHTED_OPERATORS:
            continue
        kernel = tensors.Tensors(operator.Inputs(1)).ShapeAsNumpy()
        _, *positions, _ = tensors.Tensors(operator.Outputs(0)).ShapeAsNumpy()
        total += prod(map(int, kernel)) * prod(map(int, positions))
    return total


def _measure(path: Path) -> dict:
    memory_before = _peak_memory()
    network = ExpressionNetwork(path.read_bytes(), path, threads=1)
    times = {batch: _milliseconds_a_face(network, batch) for batch in BATCHES}
    return {"ms_a_face": times, "peak_memory": memory_before and _peak_memory() - memory_before}


def _milliseconds_a_face(network: ExpressionNetwork, batch: int) -> float:
    """Time the fastest round, since other programs only slow rounds down; the first allocates memory."""
    pixels = as_input(np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE), np.uint8))
    network.run(pixels)
    rounds, started = [], time.perf_counter()
    while not rounds or (len(rounds) < MAX_ROUNDS and time.perf_counter() - started < MAX_SECONDS):
        began = time.perf_counter()
        network.run(pixels)
        rounds.append(time.perf_counter() - began)
    return 1000 * min(rounds) / batch


def _peak_memory() -> int | None:
    """Return the most memory that this process has had, in bytes; None on systems other than Linux.

    getrusage won't do: its peak starts from that of the parent process.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
