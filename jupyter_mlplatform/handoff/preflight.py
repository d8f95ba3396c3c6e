"""Checks before a hand-off, one finding a check. Pure: everything they look at is an argument.

No finding ever quotes what looks like a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jupyter_mlplatform.errors import nearest
from jupyter_mlplatform.handoff import notebook as nb
from jupyter_mlplatform.handoff.models import Bundle, Finding, Severity, Spec
from jupyter_mlplatform.handoff.spec import MODEL, Value
from jupyter_mlplatform.policy import HandoffPolicy

_KEYS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
}
_PASSWORD = re.compile(
    r"(?i)(?:password|passwd|secret|api_?key|auth_?token|access_?token)\w{0,40}\\?[\"']?\s{0,9}[:=]"
    r"\s{0,9}\\?[\"'][^\"'\s]{6,200}[\"']"
)
_INSTALL = re.compile(r"(?m)^\s*[%!]\s*(?:pip|conda|mamba|uv)\b")


def ok(check: str, message: str) -> Finding:
    """Nothing to mend."""
    return Finding(check=check, severity=Severity.OK, message=message)


def warning(check: str, message: str, fix: str) -> Finding:
    """Worth a look, but does not stop the hand-off."""
    return Finding(check=check, severity=Severity.WARNING, message=message, fix=fix)


def blocked(check: str, message: str, fix: str) -> Finding:
    """Stops the hand-off."""
    return Finding(check=check, severity=Severity.BLOCKED, message=message, fix=fix)


def kernel(name: str, language: str | None, installed: Iterable[str]) -> Finding:
    """``language`` is that of the kernel, None when it is not installed."""
    if not name:
        fix = "Choose a kernel in the notebook's toolbar and save, or set env.kernel in handoff.yaml."
        return blocked("kernel", "The notebook names no kernel, so it is not known what would run it.", fix)
    if language is None:
        return blocked(
            "kernel", f"The kernel {name!r} is not installed here. {nearest(name, installed)}", "Choose another."
        )
    if language.lower() != "python":
        return blocked("kernel", f"The kernel {name!r} speaks {language}.", "Only Python can be handed off yet.")
    return ok("kernel", f"The kernel {name!r} is installed.")


def cells(document: Mapping[str, Any], spec: Spec) -> list[Finding]:
    """Tags that steps name, Python syntax, and installations inside the notebook."""
    found = []
    known = nb.known_tags(document)
    for step in spec.steps:
        for tag in step.cells:
            if tag not in known:
                text = f"Step {step.name!r} runs cells tagged {tag!r}, but no code cell has that tag."
                found.append(
                    blocked("cells", f"{text} {nearest(tag, known)}", "Tag a cell, or correct 'cells' in handoff.yaml.")
                )
    if not nb.code_cells(document):
        found.append(blocked("cells", "The notebook has no code.", "Write some code and save the notebook."))
    for number, cell in nb.code_cells(document):
        text = nb.source(cell)
        found += _syntax(f"Cell {number}", text)
        if _INSTALL.search(text):
            fix = "Install it in the kernel's environment; a step runs in that environment."
            found.append(warning("packages", f"Cell {number} installs packages while it runs.", fix))
    return found or [ok("cells", f"{len(nb.code_cells(document))} code cells, no syntax error.")]


def script(path: str, text: str) -> list[Finding]:
    """Python syntax of a script."""
    return _syntax(path, text) or [ok("script", f"{path} has no syntax error.")]


def secrets(texts: Iterable[tuple[str, str]]) -> list[Finding]:
    """``texts`` are (where, content). Names the place, never the secret."""
    found = []
    fix = "Remove it, change it where it is valid, and read it from a secret store or an environment variable."
    for where, text in texts:
        for number, line in enumerate(text.splitlines(), start=1):
            kind = next((name for name, pattern in _KEYS.items() if pattern.search(line)), None)
            if kind:
                found.append(blocked("secrets", f"{where}, line {number}, holds {kind}.", fix))
            elif _PASSWORD.search(line):
                found.append(warning("secrets", f"{where}, line {number}, looks like a written-down password.", fix))
    return found or [ok("secrets", "No secret was recognised in the code.")]


def parameters(spec: Spec, in_cell: Mapping[str, Value] | None) -> list[Finding]:
    """``in_cell``: what the cell tagged ``parameters`` assigns; None for a script."""
    if not spec.params or in_cell is None:
        return []
    missing = sorted(set(spec.params) - set(in_cell))
    if missing:
        text = f"The notebook's cell tagged 'parameters' does not set {', '.join(missing)}."
        return [warning("parameters", text, "Set them there, so that the notebook also runs by hand.")]
    return [ok("parameters", f"{len(spec.params)} parameters, each with a type.")]


def instances(spec: Spec, policy: HandoffPolicy) -> list[Finding]:
    """Instance types against the policy's list."""
    allowed = policy.instance_types
    found = []
    for step in spec.steps:
        wanted = step.on or policy.default_instance
        if allowed and wanted not in allowed:
            text = f"Step {step.name!r} asks for {wanted}, which the policy does not allow. {nearest(wanted, allowed)}"
            found.append(blocked("instances", text, "Change 'on' in handoff.yaml."))
    return found


def bundle(packed: Bundle, skipped: Sequence[str], policy: HandoffPolicy) -> Finding:
    """Size, and links that were left out because they lead outside."""
    if skipped:
        text = f"{len(skipped)} links that lead outside the project are not packed, the first is {skipped[0]}."
        return warning("bundle", text, "Copy what is needed into the project.")
    if packed.source_bytes > policy.bundle_ask_bytes:
        text = f"The project has {packed.source_bytes / 1e6:,.0f} MB in {len(packed.files)} files."
        return warning("bundle", text, "Name what is not needed in .mlplatignore; start only if you mean it.")
    return ok("bundle", f"{len(packed.files)} files, named by their content.")


def registration(spec: Spec) -> list[Finding]:
    """Whether a model version would come out of it."""
    if spec.register:
        return [ok("model", f"A version of {spec.register.group!r} will wait for approval.")]
    if any(MODEL in step.outputs for step in spec.steps):
        return []
    text = "No model version will be made: nothing is written to the folder SM_MODEL_DIR."
    return [warning("model", text, "Save the model into os.environ['SM_MODEL_DIR'].")]


def _syntax(where: str, text: str) -> list[Finding]:
    try:
        nb.parse(text)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        return [blocked("cells", f"{where}{line}: {reason}.", "Correct the code and save.")]
    return []


def unpacked(spec: Spec, files: Sequence[str]) -> list[Finding]:
    """Code that a step runs but that is not in the bundle."""
    needed = {spec.source.entry, *(step.run for step in spec.steps if step.run)}
    fix = "Take it out of .gitignore or .mlplatignore."
    return [
        blocked("bundle", f"{name} is not packed, because it is ignored.", fix) for name in sorted(needed - set(files))
    ]
