"""TorchScript of anyone, looked through before it is loaded."""

import ast
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from pickletools import genops
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_morphogen.export.archive import Archive
from napari_morphogen.export.safety import KEY
from napari_morphogen.params import InputError

MISSING = (
    "TorchScript needs PyTorch, which is not installed; run: "
    'pip install "napari-morphogen[networks]".'
)
LONGEST = 2**22  # bytes of a program's text
# Arithmetic of arrays: what networks for images are made of, and no other.
OPERATORS = frozenset(
    """
    _convolution conv1d conv2d conv3d conv_transpose2d conv_transpose3d convolution
    linear addmm matmul bmm mm einsum
    max_pool2d max_pool3d avg_pool2d avg_pool3d adaptive_avg_pool1d
    adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d
    batch_norm instance_norm group_norm layer_norm native_batch_norm
    relu relu6 leaky_relu elu celu gelu selu silu mish prelu hardtanh hardswish
    hardsigmoid sigmoid log_sigmoid logsigmoid tanh softplus softmax log_softmax
    threshold dropout dropout2d dropout3d feature_dropout alpha_dropout
    upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d
    upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d
    _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d
    _upsample_nearest_exact2d _upsample_nearest_exact3d interpolate
    pixel_shuffle pixel_unshuffle pad constant_pad_nd reflection_pad1d
    reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d
    replication_pad3d im2col col2im unfold fold
    add sub rsub mul div floor_divide floordiv remainder fmod pow sqrt rsqrt exp log
    abs neg sign floor ceil round trunc clamp clamp_min clamp_max minimum maximum
    reciprocal square sin cos atan2 erf lerp addcmul addcdiv
    eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and
    bitwise_or bitwise_not isnan isinf isfinite where masked_fill any all
    sum mean std var amax amin max min argmax argmin prod cumsum norm median quantile
    nanquantile sort topk std_mean var_mean
    cat stack concat chunk split split_with_sizes tensor_split unbind narrow select
    slice index index_select gather scatter take flip roll rot90 tile repeat
    repeat_interleave expand expand_as broadcast_to
    stride view view_as reshape flatten unflatten permute transpose t movedim squeeze
    unsqueeze contiguous clone detach alias to type_as float double half int long bool
    copy fill zero size dim numel len item tolist list
    zeros ones full empty zeros_like ones_like full_like empty_like arange linspace
    scalar_tensor tensor new_zeros new_ones new_full
    append extend format keys values items device is_floating_point
    __is__ __isnot__ __not__ __contains__ __and__ __or__ __getitem__
    __derive_index __range_length forward
    NumToTensor RaiseException data is_cuda dtype shape ndim Int Float Bool
    ScalarImplicit IntImplicit FloatImplicit ImplicitTensorToNum TupleIndex
    unchecked_unwrap_optional
    """.split()
)
NAMES = frozenset(
    "annotate unchecked_cast uninitialized isinstance getattr range int float bool str"
    " len list tuple min max abs round print".split()
)
STRANGE = ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4")  # torch writes none
CLASSES = ["__torch__", "torch", "classes"]  # of compiled code
SPECIAL = ("torch", "ops", "fork", "awaitable")  # more than they look
GLOBALS = re.compile(
    r"__torch__\.(?!torch\.classes\b)[\w.]+ \w+|collections OrderedDict"
    r"|torch \w+Storage|torch\._utils _rebuild_(tensor_v2|parameter)"
    r"|torch\.jit\._pickle (build_\w+list|restore_type_tag)"
)


class ScriptEngine:
    """TorchScript that takes one array.

    Parameters
    ----------
    content : bytes
        Of `looked_through`.
    path : Path
        Named in messages.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, content: bytes, path: Path) -> None:
        import torch

        self._path = path
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # old, but what programs write
                self._module = torch.jit.load(io.BytesIO(content), "cpu").eval()
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"PyTorch cannot use {path.name}; ask for it as ONNX."
            ) from error

    @property
    def kernel(self) -> tuple[int, ...]:
        """Shape of the first weights of a convolution; empty where they are hidden."""
        shapes = [tuple(p.shape) for p in self._module.parameters() if p.ndim > 3]
        return shapes[0] if shapes else ()

    def run(self, *values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what the network makes of an array."""
        import torch

        try:
            with torch.inference_mode():
                found = self._module(*map(torch.from_numpy, values))
        except RuntimeError as error:
            size = " x ".join(map(str, values[0].shape))
            raise InputError(
                f"The network in {self._path.name} takes no arrays of {size}; say "
                "what their axes are."
            ) from error
        return [part.float().numpy() for part in _tensors(found)]


def looked_through(path: Path, content: bytes | None = None) -> bytes:
    """Return TorchScript that does arithmetic only, written anew.

    Parameters
    ----------
    path : Path
        Of the file, or of the package that it is from; named in messages.
    content : bytes or None
        Of the file; None reads it.

    Raises
    ------
    InputError
        When it is none, calls for anything else, or PyTorch is not installed.

    Notes
    -----
    TorchScript is a program. Its text is read as a tree, and every operator and
    function in it must be one that computes arrays from arrays; what reads files,
    starts threads, talks to other machines or comes from libraries of others is not
    among them. The text is written anew from the tree, so that torch reads what was
    looked at; what is not looked at is left out.
    """
    need_torch()
    whole = io.BytesIO()
    with Archive(path, content) as old, zipfile.ZipFile(whole, "w") as new:
        texts = {n: _tree(old.read(n), n, path) for n in old.names if _is_code(n)}
        if not texts:
            raise InputError(f"{path.name} holds no TorchScript; choose another file.")
        functions = {name for tree in texts.values() for name in _defined(tree)}
        for name, tree in texts.items():
            _check(tree, functions, path)
            new.writestr(zipfile.ZipInfo(name), ast.unparse(tree) + "\n")
        for name in old.names:
            if _is_needed(name):
                part = old.read(name)
                if name.endswith(".pkl"):
                    _check_pickle(part, path)
                new.writestr(zipfile.ZipInfo(name), part)
    return whole.getvalue()


def need_torch() -> None:
    """Raise InputError where PyTorch is missing."""
    if find_spec("torch") is None:
        raise InputError(MISSING)


def said(path: Path) -> Mapping[str, Any]:
    """Return what an exported file says of itself; empty for files of others."""
    with Archive(path) as archive:
        for name in archive.names:
            if name.endswith(f"/extra/{KEY}.json"):
                try:
                    found = json.loads(archive.read(name))
                except (ValueError, RecursionError):
                    return {}
                return found if isinstance(found, dict) else {}
    return {}


def _tensors(found: Any) -> Iterator[Any]:
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        for part in found:
            yield from _tensors(part)
    else:
        yield found.detach()


def _is_code(name: str) -> bool:
    return "/code/" in name and name.endswith(".py")


def _is_needed(name: str) -> bool:
    inner = name.partition("/")[2]
    kept = ("data.pkl", "constants.pkl", "version", "byteorder")
    return inner in kept or inner.startswith(("data/", "constants/"))


def _tree(text: bytes, name: str, path: Path) -> ast.Module:
    if len(text) > LONGEST:
        raise InputError(
            f"{path.name} was not opened: its program is too long; ask for it as ONNX."
        )
    try:
        return ast.parse(text.decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"{path.name} was not opened: {name} in it cannot be read; ask for the "
            "network as ONNX."
        ) from error


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name


def _check(tree: ast.Module, functions: set[str], path: Path) -> None:
    """Raise InputError where a program calls for more than arithmetic."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    parts = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    known = NAMES | functions | (stored - set(SPECIAL))
    for node in ast.walk(tree):
        problem = ""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            problem = "import"
        elif isinstance(node, ast.Name) and node.id in SPECIAL:
            problem = "" if id(node) in parts else node.id
        elif isinstance(node, ast.Attribute):
            problem = _problem_of_attribute(node, "self" in stored)
        elif isinstance(node, ast.Call):
            problem = _problem_of_call(node, known)
        if problem:
            raise InputError(
                f'{path.name} was not opened: it calls for "{problem[:60]}", which is '
                "no arithmetic of arrays; ask for the network as ONNX."
            )


def _problem_of_attribute(node: ast.Attribute, own_self: bool) -> str:
    """Return what is used here of torch, or of an array, that is no arithmetic."""
    chain = _chain(node)
    if chain[:1] == ["ops"]:  # ops.prim.min; ops.prim alone is a part of it
        room, *rest = chain[1:]
        known = room in ("prim", "aten") and all(map(_is_operator, rest))
        return "" if known and len(rest) < 2 else ".".join(chain)
    if chain[:1] == ["torch"]:
        known = len(chain) == 2 and _is_operator(chain[1])
        return "" if known else ".".join(chain)
    if chain[:1] == ["__torch__"]:
        return ".".join(chain) if chain[:3] == CLASSES else ""
    if chain[:1] == ["self"] and len(chain) == 2 and not own_self:
        return ""  # a part of the network, whatever it is called
    return "" if _is_harmless(node.attr) else node.attr


def _problem_of_call(node: ast.Call, known: frozenset[str]) -> str:
    """Return the name of a function that is not known; "" for all else."""
    if isinstance(node.func, ast.Name):
        name = node.func.id
        if name == "getattr":
            word = getattr(node.args[1], "value", None) if len(node.args) == 2 else None
            return "" if isinstance(word, str) and _is_harmless(word) else name
        return "" if name in known else name
    plain = isinstance(node.func, (ast.Attribute, ast.Call))
    return "" if plain else type(node.func).__name__


@lru_cache(maxsize=None)
def _is_harmless(name: str) -> bool:
    """Tell whether an attribute is no operator of torch, or one of arithmetic."""
    import torch

    rooms = (torch.ops.aten, torch.ops.prim)
    return _is_operator(name) or not any(hasattr(room, name) for room in rooms)


def _chain(node: ast.expr) -> list[str]:
    """Return the names of a.b.c; empty where it begins with something else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return []
    return [node.id, *reversed(names)]


def _is_operator(name: str) -> bool:
    return name in OPERATORS or (name.endswith("_") and name[:-1] in OPERATORS)


def _check_pickle(content: bytes, path: Path) -> None:
    """Raise InputError where tensors are not all that a pickle holds."""
    try:
        found = [(code.name, str(value)) for code, value, _ in genops(content)]
    except (ValueError, IndexError) as error:
        raise InputError(f"{path.name} is damaged; ask for another copy.") from error
    for name, value in found:  # of classes, only those of the program itself
        if name in STRANGE or (name == "GLOBAL" and not GLOBALS.fullmatch(value)):
            raise InputError(
                f'{path.name} was not opened: its weights call for "{value[:60]}"; ask '
                "for the network as ONNX."
            )
