"""Makes the plan of a hand-off: gathers facts through ports, and lets the rules judge them. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from jupyter_mlplatform.errors import PlatformError
from jupyter_mlplatform.handoff import inputs as kinds
from jupyter_mlplatform.handoff import notebook as nb
from jupyter_mlplatform.handoff import plan as plans
from jupyter_mlplatform.handoff import preflight, spec
from jupyter_mlplatform.handoff.compile import definition
from jupyter_mlplatform.handoff.models import DataInput, Finding, NewPlan, Plan, Severity
from jupyter_mlplatform.handoff.ports import (
    DataLineage,
    KernelInfo,
    Kernels,
    Packed,
    Packer,
    Project,
    Sources,
    Validator,
)
from jupyter_mlplatform.policy import HandoffPolicy

LOCAL = "local"


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with what it was made of, for the one who starts it."""

    plan: Plan
    project: Project
    packed: Packed
    kernel: str
    interpreter: KernelInfo | None


class Planner:
    """Plans for one person at a time; the same files, grants and policy give the same plan, byte for byte."""

    def __init__(
        self,
        sources: Sources,
        packer: Packer,
        kernels: Kernels,
        lineage: DataLineage,
        validate: Validator,
        policy: HandoffPolicy,
    ) -> None:
        self._sources = sources
        self._packer = packer
        self._kernels = kernels
        self._lineage = lineage
        self._validate = validate
        self._policy = policy

    def prepare(self, person: str, root: Path, wanted: NewPlan) -> Prepared:
        """The plan and its parts. Raises what keeps it from being made at all; the rest are findings."""
        project = self._sources.find(root, wanted.path)
        params = spec.with_params(project.spec, wanted.params)
        packed = self._packer.pack(project.root)
        kernel = self._kernel_name(project)
        interpreter = self._kernels.find(kernel)
        inputs, missing = self._inputs(person, project)
        made = definition(project.spec, packed.bundle, {each.name: each for each in inputs}, kernel, self._policy)
        steps = plans.plan_steps(made)
        findings = (*self._findings(project, packed, kernel, interpreter), *missing, *self._validate(made))
        plan = Plan(
            hash=plans.plan_hash(made, params, inputs, LOCAL),
            name=project.spec.name,
            path=project.path,
            runner=LOCAL,
            bundle=packed.bundle,
            steps=steps,
            inputs=inputs,
            findings=findings,
            params=params,
            definition=made,
            summary=plans.summary(steps, packed.bundle, inputs),
            cost=plans.cost(steps, self._policy),
            startable=all(each.severity is not Severity.BLOCKED for each in findings),
        )
        return Prepared(plan=plan, project=project, packed=packed, kernel=kernel, interpreter=interpreter)

    def _kernel_name(self, project: Project) -> str:
        if project.spec.env.kernel:
            return project.spec.env.kernel
        return nb.kernel(project.document) if project.document is not None else "python3"

    def _inputs(self, person: str, project: Project) -> tuple[tuple[DataInput, ...], tuple[Finding, ...]]:
        """Every input with its content; one without a live grant is a finding that says why."""
        found, findings = [], []
        for name, uri in sorted(project.spec.inputs.items()):
            dataset, file = kinds.dataset_id(uri), kinds.file_path(uri)
            given = DataInput(name=name, uri=uri)
            if dataset is not None:
                try:
                    given = msgspec.structs.replace(self._lineage.grant(person, dataset), name=name, uri=uri)
                    until = f" until {given.grant_ends:%Y-%m-%d %H:%M} UTC" if given.grant_ends else ""
                    findings.append(preflight.ok("data", f"You may use {dataset}{until}."))
                except PlatformError as error:
                    problem = error.problem
                    text = " ".join(part for part in (problem.message, problem.cause) if part)
                    findings.append(preflight.blocked("data", text, problem.next_step))
            elif file is not None:
                given = msgspec.structs.replace(given, fingerprint=self._packer.fingerprint(project.root / file))
            else:
                fix = "Register it as a dataset and name it dataset:ID."
                findings.append(preflight.blocked("data", f"{uri} cannot be read on this machine.", fix))
            found.append(given)
        return tuple(found), tuple(findings)

    def _findings(
        self, project: Project, packed: Packed, kernel: str, interpreter: KernelInfo | None
    ) -> tuple[Finding, ...]:
        document = project.document
        language = interpreter.language if interpreter else None
        found = [preflight.kernel(kernel, language, self._kernels.names() if interpreter is None else ())]
        if document is not None:
            found += preflight.cells(document, project.spec)
        for path, text in project.texts.items():
            found += preflight.script(path, text)
        found += preflight.parameters(project.spec, None if document is None else nb.parameters(document))
        found += preflight.unpacked(project.spec, packed.bundle.files)
        found += preflight.secrets(_texts(project, packed))
        found += preflight.instances(project.spec, self._policy)
        found.append(preflight.bundle(packed.bundle, packed.skipped, self._policy))
        return (*found, *preflight.registration(project.spec))


def _texts(project: Project, packed: Packed) -> Iterator[tuple[str, str]]:
    """What may hold a secret: the notebook cell by cell, as people know it, and every other text file."""
    entry = project.spec.source.entry
    if project.document is not None:
        for number, cell in nb.code_cells(project.document):
            yield f"Cell {number}", nb.source(cell)
            yield f"The output of cell {number}", nb.output_text(cell)
    yield from ((name, text) for name, text in packed.texts if project.document is None or name != entry)
