"""Exact search with FAISS on CUDA devices, over memory that is ours.

FAISS's own GPU indexes cannot delete, and a growing flat one doubles. So the rows lie in buffers
of the CUDA runtime, which the index above writes, moves and frees, and FAISS is called for what it
does best: ``bfKnn``, the brute-force search over given device memory. The runtime is the one that
FAISS has loaded into this process.
"""

import ctypes
from dataclasses import dataclass
from threading import Lock
from typing import Any

import faiss
import numpy as np

from gpu_index.cuda_presence import obstacle
from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.devices import Buffer, DeviceMemoryError, Graph, Halves
from gpu_index.errors import BackendUnavailableError, VectorIndexError
from gpu_index.protocol import Capabilities
from gpu_index.scan import Candidates, Rows

_HALF_BYTES = 2
_MOST_CANDIDATES = 2048
"""FAISS selects at most this many on a device (``getMaxKSelection``)."""
_PRODUCTS_PER_CALL = 1 << 23
"""An estimate until it is measured on a device: a call costs some 80 µs beside its work, a product
of a query and a row of 400 float16 components 10 ps."""
_SCRATCH_BYTES = 1 << 29
"""What FAISS sets aside on each device for its own use."""
_RESERVE_BYTES = 1 << 30
"""Kept free beside it, for searches that need more."""
_OUT_OF_MEMORY = 2
"""``cudaErrorMemoryAllocation``."""
_CUVS: Any = faiss
"""The same module; what only the build with cuVS has is not in its type hints."""
_GRAPH_DEGREE = 64
_NODE_BYTES = 4
_TO_DEVICE, _TO_HOST, _ON_DEVICE = 1, 2, 3
"""``cudaMemcpyKind``."""


def open_faiss_gpu(dimension: int, options: DeviceOptions | None = None) -> DeviceIndex:
    """Return an empty index over all devices that are visible.

    Raises ``BackendUnavailableError`` where there are none, or FAISS cannot use them.
    """
    if not hasattr(faiss, "bfKnn"):
        raise BackendUnavailableError(f"faiss_gpu cannot run: {obstacle() or 'no GPU support'}")
    runtime = CudaRuntime()
    count = runtime.device_count()
    devices = [CudaDevice(runtime, number) for number in range(count)]
    capabilities = Capabilities(
        backend="faiss_gpu",
        engine=f"faiss {faiss.__version__}",
        device=",".join(device.name for device in devices),
        precision="float16",
        exact=True,
    )
    return DeviceIndex(dimension, devices, capabilities, options)


class CudaRuntime:
    """The handful of CUDA's functions that are needed, with their errors raised."""

    def __init__(self) -> None:
        """Use the runtime library that FAISS loaded, whose names are global in this process."""
        self._library = ctypes.CDLL(None)
        self._library.cudaGetErrorString.restype = ctypes.c_char_p

    def device_count(self) -> int:
        """Return how many devices are visible; raises ``BackendUnavailableError`` for none."""
        found = ctypes.c_int()
        status = self._library.cudaGetDeviceCount(ctypes.byref(found))
        if status or not found.value:
            raise BackendUnavailableError(
                f"faiss_gpu cannot run: {self._text(status) if status else 'no CUDA device'}. "
                f"{obstacle() or ''}"
            )
        return found.value

    def select(self, device: int) -> None:
        """Make ``device`` the one that this thread's calls mean."""
        self._call("cudaSetDevice", ctypes.c_int(device))

    def allocate(self, nbytes: int) -> int:
        """Return the address of zeroed memory; raises ``DeviceMemoryError``."""
        address = ctypes.c_void_p()
        status = self._library.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(nbytes))
        if status == _OUT_OF_MEMORY:
            # Reading the error clears it; FAISS would take it for its own.
            self._library.cudaGetLastError()
            raise DeviceMemoryError(f"{nbytes} bytes could not be had.")
        self._check("cudaMalloc", status)
        self._call("cudaMemset", address, ctypes.c_int(0), ctypes.c_size_t(nbytes))
        self._finish()
        return int(address.value or 0)

    def free(self, address: int) -> None:
        """Give memory back."""
        self._call("cudaFree", ctypes.c_void_p(address))

    def free_bytes(self) -> int:
        """Return what the selected device has left."""
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cudaMemGetInfo", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def copy(self, target: int, source: int, nbytes: int, kind: int) -> None:
        """Copy ``nbytes``, and wait until they are there."""
        self._call(
            "cudaMemcpy",
            ctypes.c_void_p(target),
            ctypes.c_void_p(source),
            ctypes.c_size_t(nbytes),
            ctypes.c_int(kind),
        )
        self._finish()

    def write_columns(self, target: int, pitch: int, values: Halves) -> None:
        """Write ``values`` to rows that are ``pitch`` bytes apart on the device."""
        row_bytes = values.shape[1] * _HALF_BYTES
        self._call(
            "cudaMemcpy2D",
            ctypes.c_void_p(target),
            ctypes.c_size_t(pitch),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_size_t(row_bytes),
            ctypes.c_size_t(row_bytes),
            ctypes.c_size_t(len(values)),
            ctypes.c_int(_TO_DEVICE),
        )
        self._finish()

    def _finish(self) -> None:
        # Copies from pageable memory and within a device return before they are done.
        self._call("cudaStreamSynchronize", ctypes.c_void_p(None))

    def _call(self, function: str, *arguments: object) -> None:
        self._check(function, getattr(self._library, function)(*arguments))

    def _check(self, function: str, status: int) -> None:
        if status:
            raise VectorIndexError(f"{function} failed on the device: {self._text(status)}.")

    def _text(self, status: int) -> str:
        text: bytes = self._library.cudaGetErrorString(status)
        return text.decode()


@dataclass(frozen=True, slots=True, eq=False)
class _CudaBuffer:
    address: int
    rows: int
    width: int

    @property
    def nbytes(self) -> int:
        return self.rows * self.width * _HALF_BYTES

    def at(self, row: int, column: int = 0) -> int:
        return self.address + (row * self.width + column) * _HALF_BYTES


class CudaDevice:
    """A ``Device`` of the CUDA runtime, searched by FAISS one call at a time."""

    has_graphs = hasattr(_CUVS, "GpuIndexCagra")
    most_candidates = _MOST_CANDIDATES
    products_per_call = _PRODUCTS_PER_CALL

    def __init__(self, runtime: CudaRuntime, number: int) -> None:
        """Set up FAISS's resources on device ``number``."""
        self.name = f"cuda:{number}"
        self._runtime = runtime
        self._number = number
        # FAISS's scratch memory serves one search at a time.
        self._turn = Lock()
        self._resources = faiss.StandardGpuResources()
        self._resources.setTempMemory(_SCRATCH_BYTES)
        # One stream for FAISS's work and our copies, so that they cannot overtake each other.
        self._resources.setDefaultNullStreamAllDevices()
        self._resources.getResources().initializeForDevice(number)

    @property
    def free_bytes(self) -> int:
        """Room left for buffers."""
        self._runtime.select(self._number)
        return max(0, self._runtime.free_bytes() - _RESERVE_BYTES)

    def allocate(self, rows: int, width: int) -> Buffer:
        """Return zeroed room, or raise ``DeviceMemoryError``."""
        nbytes = rows * width * _HALF_BYTES
        if nbytes > self.free_bytes:
            raise DeviceMemoryError(f"{nbytes} bytes do not fit on {self.name}.")
        # ``free_bytes`` has selected the device.
        return _CudaBuffer(self._runtime.allocate(nbytes), rows, width)

    def free(self, buffer: Buffer) -> None:
        """Give a buffer's memory back."""
        self._runtime.select(self._number)
        self._runtime.free(_ours(buffer).address)

    def write(self, buffer: Buffer, start: int, values: Halves, column: int = 0) -> None:
        """Write rows, or some columns of them."""
        target, values = _ours(buffer), np.ascontiguousarray(values)
        self._runtime.select(self._number)
        if values.shape[1] == target.width:
            self._runtime.copy(target.at(start), values.ctypes.data, values.nbytes, _TO_DEVICE)
        elif len(values):
            self._runtime.write_columns(
                target.at(start, column), target.width * _HALF_BYTES, values
            )

    def read(self, buffer: Buffer, start: int, count: int) -> Halves:
        """Return a copy of whole rows."""
        source = _ours(buffer)
        values = np.empty((count, source.width), dtype=np.float16)
        self._runtime.select(self._number)
        self._runtime.copy(values.ctypes.data, source.at(start), values.nbytes, _TO_HOST)
        return values

    def copy(self, source: tuple[Buffer, int], target: tuple[Buffer, int], count: int) -> None:
        """Copy rows between buffers."""
        first, second = _ours(source[0]), _ours(target[0])
        nbytes = count * first.width * _HALF_BYTES
        self._runtime.select(self._number)
        self._runtime.copy(second.at(target[1]), first.at(source[1]), nbytes, _ON_DEVICE)

    def nearest(
        self, buffer: Buffer, start: int, count: int, queries: Halves, m: int
    ) -> Candidates:
        """Return the ``m`` best rows; the products are added up in float32."""
        rows, queries = _ours(buffer), np.ascontiguousarray(queries)
        scores = np.empty((len(queries), m), dtype=np.float32)
        found = np.empty((len(queries), m), dtype=np.int64)
        asked = faiss.GpuDistanceParams()
        asked.metric = faiss.METRIC_INNER_PRODUCT
        asked.k, asked.dims, asked.device = m, rows.width, self._number
        asked.vectors = faiss.cast_integer_to_void_ptr(rows.at(start))
        asked.numVectors, asked.vectorType = count, faiss.DistanceDataType_F16
        asked.queries = faiss.cast_integer_to_void_ptr(queries.ctypes.data)
        asked.numQueries, asked.queryType = len(queries), faiss.DistanceDataType_F16
        asked.outDistances = faiss.swig_ptr(scores)
        asked.outIndices = faiss.cast_integer_to_void_ptr(found.ctypes.data)
        asked.outIndicesType = faiss.IndicesDataType_I64
        # Its brute force takes float32 alone; saying so keeps both builds on the same path.
        asked.use_cuvs = False
        try:
            with self._turn:
                faiss.bfKnn(self._resources, asked)
        except RuntimeError as error:
            raise VectorIndexError(f"FAISS failed on {self.name}: {error}") from error
        return Candidates(scores=scores, rows=found)

    def build_graph(self, vectors: Halves) -> Graph:
        """Return a CAGRA graph over ``vectors``; needs the build with cuVS."""
        nbytes = vectors.nbytes + len(vectors) * _GRAPH_DEGREE * _NODE_BYTES
        # Building needs the wider graph beside the final one.
        if 2 * nbytes > self.free_bytes:
            raise DeviceMemoryError(f"A graph of {nbytes} bytes does not fit on {self.name}.")
        config = _CUVS.GpuIndexCagraConfig()
        config.device = self._number
        config.graph_degree = _GRAPH_DEGREE
        config.intermediate_graph_degree = 2 * _GRAPH_DEGREE
        config.build_algo = _CUVS.graph_build_algo_NN_DESCENT
        index = _CUVS.GpuIndexCagra(
            self._resources, vectors.shape[1], faiss.METRIC_INNER_PRODUCT, config
        )
        try:
            with self._turn:
                index.train(vectors, numeric_type=faiss.Float16)
        except RuntimeError as error:
            raise DeviceMemoryError(f"FAISS built no graph on {self.name}: {error}") from error
        return _CagraGraph(index, self._turn, nbytes)


class _CagraGraph:
    def __init__(self, index: "faiss.GpuIndex", turn: Lock, nbytes: int) -> None:
        self.nbytes = nbytes
        self._index: Any = index
        self._turn = turn

    def nearest(self, queries: Halves, m: int, breadth: int) -> Rows:
        parameters = _CUVS.SearchParametersCagra()
        parameters.itopk_size = breadth
        with self._turn:
            _, rows = self._index.search(queries, m, params=parameters, numeric_type=faiss.Float16)
        return np.asarray(rows, dtype=np.int64)

    def close(self) -> None:
        # The memory goes with the index, and searches hold it as long as they need it.
        with self._turn:
            self._index.reset()


def _ours(buffer: Buffer) -> _CudaBuffer:
    if not isinstance(buffer, _CudaBuffer):
        raise TypeError(f"{buffer!r} belongs to another kind of device.")
    return buffer
