"""Finding a project below a root: a notebook, a script or a ``handoff.yaml``, and the code that these name."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from jupyter_mlplatform import yaml12
from jupyter_mlplatform.errors import Invalid, NotFound
from jupyter_mlplatform.handoff import notebook as nb
from jupyter_mlplatform.handoff import spec as specs
from jupyter_mlplatform.handoff.local.bundle import NEVER
from jupyter_mlplatform.handoff.models import Spec
from jupyter_mlplatform.handoff.ports import Project

SPEC_NAMES = ("handoff.yaml", "handoff.yml")
LARGEST_SPEC_BYTES = 64 * 1024
LARGEST_NOTEBOOK_BYTES = 100 * 1024 * 1024


class ProjectFiles:
    """Reads projects from disk; no path may leave the root, not even through a link."""

    def find(self, root: Path, path: str) -> Project:
        """The project that ``path`` (relative to ``root``) stands for."""
        root = root.resolve()
        file = self._inside(root, root, path)
        if file.is_dir():
            raise Invalid(
                "handoff.folder",
                "This is a folder, not a notebook.",
                next_step="Name a notebook, script or handoff.yaml.",
            )
        relative = file.relative_to(root).as_posix()
        if file.name in SPEC_NAMES:
            return self._from_spec(root, file, relative)
        if file.suffix not in (".ipynb", ".py"):
            raise Invalid(
                "handoff.not_code",
                f"{path} cannot be handed off.",
                next_step="Name a notebook (.ipynb), a script (.py) or a handoff.yaml.",
            )
        for name in SPEC_NAMES:
            beside = file.parent / name
            if beside.exists():
                found = self._from_spec(root, self._inside(root, file.parent, name), relative)
                if (found.root / found.spec.source.entry).resolve() == file:
                    return found
        return self._without_spec(file, relative)

    def _from_spec(self, root: Path, file: Path, relative: str) -> Project:
        spec = specs.parse(_yaml(file), relative if relative.endswith((".yaml", ".yml")) else file.name)
        source = self._inside(root, file.parent, spec.source.root)
        entry = self._inside(source, source, spec.source.entry)
        texts = {each: _text(self._inside(source, source, each)) for each in _scripts(spec)}
        for name, uri in spec.inputs.items():
            if not uri.startswith(("dataset:", "s3:")):
                what = f"The input {name!r}"
                self._links_stay_inside(source, self._inside(source, source, uri.removeprefix("file:"), what), what)
        document = read_notebook(entry) if entry.suffix == ".ipynb" else None
        return Project(root=source, path=relative, spec=spec, has_spec=True, document=document, texts=texts)

    def _without_spec(self, file: Path, relative: str) -> Project:
        if file.suffix == ".ipynb":
            document = read_notebook(file)
            code = "\n".join(nb.source(cell) for _, cell in nb.code_cells(document))
            spec = specs.default(file.name, nb.parameters(document), makes_model="SM_MODEL_DIR" in code)
            return Project(root=file.parent, path=relative, spec=spec, has_spec=False, document=document)
        text = _text(file)
        spec = specs.default(file.name, {}, makes_model="SM_MODEL_DIR" in text)
        return Project(root=file.parent, path=relative, spec=spec, has_spec=False, texts={file.name: text})

    def _links_stay_inside(self, source: Path, folder: Path, what: str) -> None:
        """Raises ``Invalid`` for a link below an input folder to something outside the project.

        It would be silently missing from the run, or bring in what the plan does not show. One that leads nowhere, as
        an editor's lock does, is no data.
        """
        for place, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name not in NEVER]
            for each in (Path(place, name) for name in (*folders, *files)):
                if each.is_symlink() and os.access(each, os.F_OK):
                    self._inside(source, source, each.relative_to(source).as_posix(), what)

    def _inside(self, boundary: Path, start: Path, path: str, what: str = "The path") -> Path:
        """An existing path below ``boundary``. Raises ``Invalid`` when it leads out, ``NotFound`` for none."""
        if not path or "\0" in path:
            raise Invalid("handoff.path", f"{what} is empty or not a path.", next_step="Name a file.")
        try:
            resolved = (start / PurePosixPath(path)).resolve()
            exists = resolved.exists()
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a name that is too long
            raise Invalid("handoff.path", f"{what} cannot be followed.", cause=f"{error}.") from error
        if not resolved.is_relative_to(boundary):
            raise Invalid(
                "handoff.outside",
                f"{what} {path} leads out of {boundary.name or 'the root folder'}.",
                cause="Only files below the folder that this workspace serves can be handed off.",
                next_step="Copy the file into the workspace, or correct the path.",
            )
        if not exists:
            raise NotFound(
                "handoff.no_file", f"{what} {path} does not exist.", next_step="Check the name, and save it."
            )
        return resolved


def read_notebook(file: Path) -> dict[str, Any]:
    """A valid notebook, brought to nbformat 4. Raises ``Invalid`` saying what is wrong with it."""
    import nbformat

    try:
        text = _text(file, LARGEST_NOTEBOOK_BYTES)
        document = json.loads(text)
        if not isinstance(document, dict) or ("cells" not in document and "worksheets" not in document):
            raise _broken(file, "It is JSON, but has no cells.")
        made: dict[str, Any] = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(made)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(file, f"It is not JSON: {error}.") from error
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _broken(file, f"It does not follow the notebook format: {str(error).splitlines()[0]}.") from error
    return made


def _yaml(file: Path) -> Any:
    text = _text(file, LARGEST_SPEC_BYTES)
    try:
        return yaml12.load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        reason = getattr(error, "problem", None) or str(error)
        raise Invalid(
            "handoff.spec_invalid", f"{file.name} is not YAML.", cause=f"{reason}{line}.", next_step="Correct the file."
        ) from error


def _text(file: Path, most: int = 10 * 1024 * 1024) -> str:
    if not file.is_file():
        raise Invalid("handoff.not_a_file", f"{file.name} is not a file.", next_step="Name a file.")
    if file.stat().st_size > most:
        raise Invalid(
            "handoff.too_large", f"{file.name} is larger than {most // 1024:,} kB.", next_step="Make it smaller."
        )
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("handoff.not_text", f"{file.name} is not UTF-8 text.", cause=f"{error}.") from error
    except OSError as error:
        raise Invalid("handoff.unreadable", f"{file.name} cannot be read.", cause=f"{error.strerror}.") from error


def _scripts(spec: Spec) -> list[str]:
    entry = [] if spec.source.entry.endswith(".ipynb") else [spec.source.entry]
    return list(dict.fromkeys([*entry, *(step.run for step in spec.steps if step.run)]))


def _broken(file: Path, cause: str) -> Invalid:
    return Invalid(
        "handoff.notebook_broken",
        f"{file.name} is not a notebook.",
        cause=cause,
        next_step="Open it, mend it and save it, or restore an earlier copy.",
    )
