"""Whether FAISS can use a CUDA device here, told without importing FAISS or CUDA's runtime.

Asking the driver initialises it in this process, but makes no context on any device.
"""

import ctypes
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

_GPU_BUILDS = {"faiss-gpu": 12, "faiss-gpu-cu12": 12, "faiss-gpu-cuvs": 13, "faiss-gpu-cu11": 11}
"""Distributions of FAISS with the major version of CUDA that each needs."""
_CPU_BUILD = "faiss-cpu"
_REMEDY = (
    "Install one of the builds for GPUs and no other: `pip install 'memsvc[gpu]'` (CUDA 12) or "
    "`pip install 'memsvc[gpu-cuvs]'` (CUDA 13)."
)
_DRIVER = "libcuda.so.1"


def obstacle() -> str | None:
    """Return why ``faiss_gpu`` cannot run here and what would help; ``None`` if nothing is known.

    A build of FAISS that came without a distribution's name (from conda or from source) is taken at
    its word; when it has no GPU support after all, opening the backend says so.
    """
    if find_spec("faiss") is None:
        return f"FAISS is not installed. {_REMEDY}"
    built_for = next((cuda for name, cuda in _GPU_BUILDS.items() if _is_installed(name)), None)
    if _is_installed(_CPU_BUILD):
        if built_for is not None:
            return "faiss-cpu and a build for GPUs overwrite each other: uninstall both, then one."
        return f"The installed FAISS is faiss-cpu: uninstall it first. {_REMEDY}"
    return _driver_obstacle(built_for)


def _driver_obstacle(built_for: int | None) -> str | None:
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return f"There is no NVIDIA driver ({_DRIVER}); this machine may have no GPU."
    supported, devices = ctypes.c_int(), ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(supported))
    major = supported.value // 1000
    if built_for is not None and major < built_for:
        return (
            f"The NVIDIA driver supports CUDA {major}, the installed FAISS needs {built_for}: "
            f"update the driver, or install the build for CUDA {major}."
        )
    status = driver.cuInit(0)
    if status == 0:
        status = driver.cuDeviceGetCount(ctypes.byref(devices))
    if status != 0 or devices.value == 0:
        return f"The NVIDIA driver shows no device (status {status}); see CUDA_VISIBLE_DEVICES."
    return None


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
