"""The kernels installed for this interpreter."""

from __future__ import annotations

import sys

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from jupyter_mlplatform.handoff.ports import KernelInfo


class InstalledKernels:
    """Kernel specs as Jupyter finds them."""

    def find(self, name: str) -> KernelInfo | None:
        """A kernel's language and interpreter; ``python`` in a spec means this interpreter, as Jupyter reads it."""
        if not name:
            return None
        try:
            spec = KernelSpecManager().get_kernel_spec(name)
        except (NoSuchKernel, ValueError):
            return None
        first = spec.argv[0] if spec.argv else ""
        return KernelInfo(spec.language, sys.executable if first in ("python", "python3", "") else first)

    def names(self) -> tuple[str, ...]:
        """All installed ones, sorted."""
        return tuple(sorted(KernelSpecManager().find_kernel_specs()))
