"""Writes a trained additive model as the one ONNX file that :mod:`feedsmith.ranking.additive` serves."""

from __future__ import annotations

import base64

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from feedsmith.ranking.additive import FORMAT, METADATA_KEY, Manifest
from feedsmith_training.additive import CONTEXT, AdditiveModel
from feedsmith_training.log import Catalogue

OPSET = 20  # the first with Gelu
IR_VERSION = 10


def to_onnx(model: AdditiveModel, catalogue: Catalogue, domain: str) -> bytes:
    """The model with its manifest, for items as in ``catalogue``.

    The graph takes ``features`` (n, f) and ``context`` (1, 2) and gives ``terms`` (n, g), each less its mean over the
    n candidates. All members are in it; the mean over them is taken after the last layer.
    """
    network, projections = model.network, model.space.projections
    manifest = Manifest(
        format=FORMAT,
        version=model.version,
        domain=domain,
        embedder=catalogue.embedder,
        topics=catalogue.topic_names,
        features=model.features,
        terms=model.terms,
        projections=tuple(base64.b64encode(p.astype("<f4").tobytes()).decode() for p in projections),
        projection_rows=projections[0].shape[0] if projections else 0,
        topic_prior=model.space.topic_prior,
        base_rate=model.space.base_rate,
    )
    m, _, t, h = network.w1.shape
    with torch.no_grad():
        first = (network.w1 * network.seen[None, :, :, None]).permute(1, 0, 2, 3).reshape(-1, m * t * h)
        linear = network.linear.mean(0)[:, None] * network.owned
        constants = {
            "mean": network.mean,
            "scale": network.scale,
            "w1": first,
            "b1": network.b1.reshape(-1),
            "w2": network.w2.reshape(m * t, h, h),
            "b2": network.b2.reshape(m * t, 1, h),
            "w3": network.w3.reshape(m * t, h, 1),
            "linear": torch.cat([linear, torch.zeros(CONTEXT, t)]),
        }
    arrays = {name: tensor.detach().numpy().astype(np.float32) for name, tensor in constants.items()}
    arrays |= {"low": np.array(-5, np.float32), "high": np.array(5, np.float32)}
    arrays |= {
        "rows": np.array([0], np.int64),
        "units": np.array([0, m * t, h], np.int64),
        "members": np.array([m, t, -1], np.int64),
        "context_width": np.array([CONTEXT], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("ReduceMean", ["features", "rows"], ["centre"], keepdims=1),
        node("Sub", ["features", "centre"], ["centred"]),
        node("Shape", ["features"], ["n"], end=1),
        node("Concat", ["n", "context_width"], ["wide"], axis=0),
        node("Expand", ["context", "wide"], ["contexts"]),
        node("Concat", ["centred", "contexts"], ["inputs"], axis=1),
        node("Sub", ["inputs", "mean"], ["shifted"]),
        node("Div", ["shifted", "scale"], ["scaled"]),
        node("Clip", ["scaled", "low", "high"], ["standard"]),
        node("MatMul", ["standard", "w1"], ["product1"]),
        node("Add", ["product1", "b1"], ["sum1"]),
        node("Gelu", ["sum1"], ["units1"]),
        node("Reshape", ["units1", "units"], ["by_row"]),
        node("Transpose", ["by_row"], ["by_network"], perm=[1, 0, 2]),
        node("MatMul", ["by_network", "w2"], ["product2"]),
        node("Add", ["product2", "b2"], ["sum2"]),
        node("Gelu", ["sum2"], ["units2"]),
        node("MatMul", ["units2", "w3"], ["outputs"]),
        node("Reshape", ["outputs", "members"], ["by_member"]),
        node("ReduceMean", ["by_member", "rows"], ["by_term"], keepdims=0),
        node("Transpose", ["by_term"], ["curved"], perm=[1, 0]),
        node("MatMul", ["standard", "linear"], ["straight"]),
        node("Add", ["curved", "straight"], ["raw"]),
        node("ReduceMean", ["raw", "rows"], ["level"], keepdims=1),
        node("Sub", ["raw", "level"], ["terms"]),
    ]
    f, g = len(model.features), len(model.terms)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "additive ranker",
        [value("features", TensorProto.FLOAT, ["n_rows", f]), value("context", TensorProto.FLOAT, [1, CONTEXT])],
        [value("terms", TensorProto.FLOAT, ["n_rows", g])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(file, {METADATA_KEY: manifest.model_dump_json()})
    onnx.checker.check_model(file)
    return bytes(file.SerializeToString())
