"""An ONNX graph put together node by node."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 18  # new enough for padding along edges, old enough for most programs
IR_VERSION = 8  # of the same age
PRODUCER = "napari-morphogen"


class Graph:
    """Nodes and numbers, named in the order of their making.

    Parameters
    ----------
    half : bool
        Whether weights are kept in half precision; they are widened when used.

    Examples
    --------
    >>> graph = Graph()
    >>> doubled = graph.add("Mul", "x", graph.constant(np.float32(2)))
    >>> [node.op_type for node in graph.nodes]
    ['Mul']
    """

    def __init__(self, half: bool = False) -> None:
        self.half = half
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._names = 0

    def add(self, operator: str, *inputs: str, outputs: int = 1, **words: Any) -> str:
        """Add a node and return the name of its first result; see `several`."""
        return self.several(operator, *inputs, outputs=outputs, **words)[0]

    def several(
        self, operator: str, *inputs: str, outputs: int = 2, **words: Any
    ) -> list[str]:
        """Add a node and return the names of its results.

        Parameters
        ----------
        operator : str
            Of the ONNX operators.
        *inputs : str
            Names of what it takes.
        outputs : int
            How many results it has.
        **words
            Its attributes.
        """
        from onnx import helper

        names = [self._name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **words))
        return names

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add numbers and return their name.

        Parameters
        ----------
        values : array-like
            Any shape.
        dtype : dtype or None
            None keeps that of `values`.
        """
        from onnx import numpy_helper

        array = np.asarray(values, dtype)
        array = np.ascontiguousarray(array).reshape(array.shape)  # may be 0-D
        name = self._name()
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, values: NDArray[np.float32]) -> str:
        """Add weights and return their name."""
        if not self.half:
            return self.constant(values)
        from onnx import TensorProto

        narrow = self.constant(values, np.float16)
        return self.add("Cast", narrow, to=TensorProto.FLOAT)

    def integers(self, *values: int) -> str:
        """Add a list of whole numbers and return its name."""
        return self.constant(values, np.int64)

    def branch(self) -> "Graph":
        """Return an empty graph for one way of a decision, with names of its own."""
        found = Graph(self.half)
        found._names = self._names + 1000
        return found

    def named(self, name: str, inner: str) -> None:
        """Give a result the name under which it leaves the graph."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [inner], [name]))

    def proto(
        self,
        name: str,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        defaults: Sequence[Any] = (),
    ) -> Any:
        """Return the graph as ONNX has it.

        Parameters
        ----------
        name : str
            Of the graph.
        inputs, outputs : sequence of ValueInfoProto
            What goes in and comes out.
        defaults : sequence of TensorProto
            Of inputs that may be left out.
        """
        from onnx import helper

        constants = [*defaults, *self.constants]
        return helper.make_graph(self.nodes, name, inputs, outputs, constants)

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def model_of(graph: Any, metadata: Mapping[str, str]) -> Any:
    """Return a checked model.

    Parameters
    ----------
    graph : GraphProto
        Of `Graph.proto`.
    metadata : mapping of str to str
        Kept in the file.
    """
    import onnx
    from onnx import helper

    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        graph, opset_imports=opset, ir_version=IR_VERSION, producer_name=PRODUCER
    )
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model
