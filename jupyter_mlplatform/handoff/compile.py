"""Spec, bundle and policy to the SageMaker pipeline definition, as plain dicts.

The definition is the only intermediate form: it is what is shown, checked, hashed, executed on this machine and meant
to be uploaded. It names content (the bundle's digest, the fingerprints of inputs) and never a person, a time or a run,
so that planning twice gives the same bytes. What the container must run is in ``Environment``: ``MLPLAT_ENTRY``,
``MLPLAT_CELLS`` (tags, comma-separated) and ``MLPLAT_KERNEL``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_mlplatform.handoff.models import Bundle, DataInput, Spec, StepSpec
from jupyter_mlplatform.handoff.references import get, join
from jupyter_mlplatform.handoff.spec import MODEL, OPERATORS, Condition, Value, conditions, producers, step_inputs
from jupyter_mlplatform.policy import HandoffPolicy

VERSION = "2020-12-01"
METRICS_FILE = "metrics.json"
MAX_RUNTIME_SECONDS = 3600
VOLUME_GB = 30
PROCESSING_INPUT, PROCESSING_OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"
METRIC_LINE = "mlplat-metric"


def definition(
    spec: Spec, bundle: Bundle, inputs: Mapping[str, DataInput], kernel: str, policy: HandoffPolicy
) -> dict[str, Any]:
    """The pipeline definition, version 2020-12-01."""
    made = _Compiler(spec, bundle, inputs, kernel, policy)
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": made.parameters(),
        "PipelineExperimentConfig": None,
        "Steps": made.steps(),
    }


def input_key(given: DataInput) -> str:
    """Where an input lies in the artifact bucket: named by its content."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", given.uri.split(":", 1)[-1])
    content = re.sub(r"[^A-Za-z0-9._-]+", "-", given.fingerprint) or "unknown"
    return f"handoff/inputs/{name}/{content}"


def code_key(spec_name: str, digest: str) -> str:
    """Where the bundle lies in the artifact bucket."""
    return f"handoff/{spec_name}/code/{digest}.tar.gz"


class _Compiler:
    def __init__(
        self, spec: Spec, bundle: Bundle, inputs: Mapping[str, DataInput], kernel: str, policy: HandoffPolicy
    ) -> None:
        self._spec, self._bundle, self._inputs, self._kernel, self._policy = spec, bundle, inputs, kernel, policy
        self._made = producers(spec)
        self._gate = conditions(spec)

    def parameters(self) -> list[dict[str, Any]]:
        own = [
            {"Name": name, "Type": _type(value), "DefaultValue": value}
            for name, value in sorted(self._spec.params.items())
        ]
        given = ["ArtifactBucket", "Image"] + ([] if self._policy.role_arn else ["RoleArn"])
        return [{"Name": name, "Type": "String"} for name in given] + own

    def steps(self) -> list[dict[str, Any]]:
        jobs = [
            self._training(step) if step.kind == "training" else self._processing(step) for step in self._spec.steps
        ]
        last = [self._register()] if self._spec.register else []
        return jobs + ([self._condition(last)] if self._gate else last)

    def _processing(self, step: StepSpec) -> dict[str, Any]:
        channels = [("code", self._code()), *((name, self._channel(name)) for name in self._reads(step))]
        arguments: dict[str, Any] = {
            "ProcessingInputs": [_processing_input(name, uri) for name, uri in channels],
            "ProcessingOutputConfig": {
                "Outputs": [self._processing_output(step, name) for name in step.outputs],
                **self._kms("KmsKeyId"),
            },
            "ProcessingResources": {"ClusterConfig": self._cluster(step)},
            "AppSpecification": {"ImageUri": get("Parameters.Image")},
            "Environment": self._environment(step),
            "StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_SECONDS},
            **self._common(),
        }
        if self._policy.subnets:
            arguments["NetworkConfig"] = {"VpcConfig": self._vpc()}
        made: dict[str, Any] = {"Name": step.name, "Type": "Processing", "Arguments": arguments}
        reports = [name for name in step.outputs if name in {each.source for each in self._gate}]
        if reports:
            made["PropertyFiles"] = [
                {"PropertyFileName": name, "OutputName": name, "FilePath": METRICS_FILE} for name in reports
            ]
        return made

    def _training(self, step: StepSpec) -> dict[str, Any]:
        channels = [("code", self._code()), *((name, self._channel(name)) for name in self._reads(step))]
        arguments: dict[str, Any] = {
            "AlgorithmSpecification": {"TrainingImage": get("Parameters.Image"), "TrainingInputMode": "File"},
            "InputDataConfig": [_channel_input(name, uri) for name, uri in channels],
            "OutputDataConfig": {"S3OutputPath": self._runs(step.name), **self._kms("KmsKeyId")},
            "ResourceConfig": self._cluster(step),
            "HyperParameters": {name: _as_text(name) for name in sorted(self._spec.params)},
            "Environment": self._environment(step),
            "StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_SECONDS},
            **self._common(),
        }
        metrics = sorted({each.path for each in self._gate if each.source == step.name})
        if metrics:
            arguments["AlgorithmSpecification"]["MetricDefinitions"] = [
                {"Name": name, "Regex": f"{METRIC_LINE} {re.escape(name)}=(\\S+)"} for name in metrics
            ]
        if step.spot:
            arguments["EnableManagedSpotTraining"] = True
            arguments["StoppingCondition"]["MaxWaitTimeInSeconds"] = 2 * MAX_RUNTIME_SECONDS
            arguments["CheckpointConfig"] = {"S3Uri": self._runs(step.name, "checkpoints")}
        if self._policy.subnets:
            arguments["VpcConfig"] = self._vpc()
        return {"Name": step.name, "Type": "Training", "Arguments": arguments}

    def _condition(self, last: list[dict[str, Any]]) -> dict[str, Any]:
        wanted = " and ".join(f"{each.source}.{each.path} {each.operator} {each.limit}" for each in self._gate)
        missed = {"Name": "gate-not-met", "Type": "Fail", "Arguments": {"ErrorMessage": f"The gate asks for {wanted}."}}
        arguments = {
            "Conditions": [self._comparison(each) for each in self._gate],
            "IfSteps": last,
            "ElseSteps": [missed],
        }
        return {"Name": "gate", "Type": "Condition", "Arguments": arguments}

    def _comparison(self, each: Condition) -> dict[str, Any]:
        step = self._made.get(each.source)
        if step is None:  # a training step reports its metrics through its log
            left: dict[str, Any] = get(f"Steps.{each.source}.FinalMetricDataList['{each.path}'].Value")
        else:
            file = get(f"Steps.{step.name}.PropertyFiles.{each.source}")
            left = {"Std:JsonGet": {"PropertyFile": file, "Path": each.path}}
        right: Any = get(f"Parameters.{each.limit}") if each.limit in self._spec.params else float(each.limit)
        return {"Type": OPERATORS[each.operator], "LeftValue": left, "RightValue": right}

    def _register(self) -> dict[str, Any]:
        assert self._spec.register is not None  # noqa: S101 (asked before)
        arguments: dict[str, Any] = {
            "ModelPackageGroupName": self._spec.register.group,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": get("Parameters.Image"), "ModelDataUrl": self._channel(MODEL)}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "CustomerMetadataProperties": {
                "bundle": self._bundle.digest,
                "entry": self._spec.source.entry[:256],
                "pipeline": self._spec.name,
            },
        }
        reports = [each.source for each in self._gate if each.source in self._made]
        if reports:
            uri = join("/", self._channel(reports[0]), METRICS_FILE)
            statistics = {"ContentType": "application/json", "S3Uri": uri}
            arguments["ModelMetrics"] = {"ModelQuality": {"Statistics": statistics}}
        return {"Name": "register", "Type": "RegisterModel", "Arguments": arguments}

    def _reads(self, step: StepSpec) -> tuple[str, ...]:
        return step_inputs(self._spec, step)

    def _environment(self, step: StepSpec) -> dict[str, Any]:
        """Small, textual, and the same for the same content: it is part of SageMaker's cache key."""
        found: dict[str, Any] = {
            "MLPLAT_ENTRY": step.run or self._spec.source.entry,
            "MLPLAT_KERNEL": self._kernel,
            **({"MLPLAT_CELLS": ",".join(step.cells)} if step.cells else {}),
            **{f"SM_HP_{name.upper()}": _as_text(name) for name in sorted(self._spec.params)},
        }
        return {name: value for name, value in found.items() if value != ""}

    def _channel(self, name: str) -> Any:
        if name in self._inputs:
            return self._uri(input_key(self._inputs[name]))
        step = self._made[name]
        if step.kind == "training":
            return get(f"Steps.{step.name}.ModelArtifacts.S3ModelArtifacts")
        return get(f"Steps.{step.name}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")

    def _code(self) -> Any:
        return self._uri(code_key(self._spec.name, self._bundle.digest))

    def _uri(self, key: str) -> Any:
        return join("/", "s3:/", get("Parameters.ArtifactBucket"), key)

    def _runs(self, *parts: str) -> Any:
        run = get("Execution.PipelineExecutionId")
        prefix = f"handoff/{self._spec.name}/runs"
        return join("/", "s3:/", get("Parameters.ArtifactBucket"), prefix, run, *parts)

    def _processing_output(self, step: StepSpec, name: str) -> dict[str, Any]:
        place = {
            "S3Uri": self._runs(step.name, name),
            "LocalPath": f"{PROCESSING_OUTPUT}/{name}",
            "S3UploadMode": "EndOfJob",
        }
        return {"OutputName": name, "AppManaged": False, "S3Output": place}

    def _cluster(self, step: StepSpec) -> dict[str, Any]:
        return {
            "InstanceCount": 1,
            "InstanceType": step.on or self._policy.default_instance,
            "VolumeSizeInGB": VOLUME_GB,
            **self._kms("VolumeKmsKeyId"),
        }

    def _common(self) -> dict[str, Any]:
        found: dict[str, Any] = {"RoleArn": self._policy.role_arn or get("Parameters.RoleArn")}
        if self._policy.tags:
            found["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(self._policy.tags.items())]
        return found

    def _kms(self, key: str) -> dict[str, str]:
        return {key: self._policy.kms_key} if self._policy.kms_key else {}

    def _vpc(self) -> dict[str, Any]:
        return {"SecurityGroupIds": list(self._policy.security_groups), "Subnets": list(self._policy.subnets)}


def _type(value: Value) -> str:
    return {bool: "Boolean", int: "Integer", float: "Float", str: "String"}[type(value)]


def _as_text(parameter: str) -> dict[str, Any]:
    """Environment and hyperparameters hold texts only; a join makes one of any parameter."""
    return join("", get(f"Parameters.{parameter}"))


def _processing_input(name: str, uri: Any) -> dict[str, Any]:
    place = {
        "S3Uri": uri,
        "LocalPath": f"{PROCESSING_INPUT}/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": place}


def _channel_input(name: str, uri: Any) -> dict[str, Any]:
    place = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": place}}
