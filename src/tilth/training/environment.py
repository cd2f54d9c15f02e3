"""Environment variables of a training program: those of the service, and `SM_*`, which SageMaker's toolkit sets for scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from tilth.training.hyperparameters import OWN, TUNING, arguments, is_own, parsed
from tilth.training.tree import CHANNELS, CODE, CONFIG, INTERMEDIATE, MODEL, OUTPUT, OUTPUT_DATA, Tree

BASE = "SAGEMAKER_BASE_DIR"  # where the toolkit finds the tree, if not at /opt/ml
INHERITED = ("SM_", "SAGEMAKER_", "TRAINING_JOB_")  # variables of another job, for instance in a SageMaker notebook
NOT_FRAMEWORK = {
    f"{OWN}{name}"
    for name in ("program", "submit_directory", "enable_cloudwatch_metrics", "region", "container_log_level", "job_name", "s3_output")
}  # parameters of the toolkit itself; all others with its prefix belong to a framework
LEVEL = 20  # INFO


def of_service(job: str) -> dict[str, str]:
    """The variables that the service sets for any program."""
    return {"TRAINING_JOB_NAME": job, "TRAINING_JOB_ARN": f"arn:aws:sagemaker:local:000000000000:training-job/{job}"}


def own_hyperparameters(program: str, job: str, tree: Tree) -> dict[str, str]:
    """The hyperparameters that SageMaker's SDK adds for a script."""
    words = {"program": program, "submit_directory": tree.at(CODE), "job_name": job, "container_log_level": LEVEL}
    return {f"{OWN}{name}": json.dumps(value) for name, value in words.items()}


def of_script(
    tree: Tree, job: str, hyperparameters: Mapping[str, str], channels: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, str]:
    """The variables that the toolkit sets for a script: `SM_*`, and variables by which its library identifies the job.

    `hyperparameters`, `channels` and `resources` are the contents of the files in `input/config`.

    Source: sagemaker-training 5.1, whose variables for one tree are stored with the tests.
    """
    values = parsed(hyperparameters)
    own = {name: value for name, value in values.items() if is_own(name)}
    facts = _facts(tree, job, values, own, channels, resources)
    shown = {name: value for name, value in facts.items() if name in AS_VARIABLES}
    shown |= {
        "hps": facts["hyperparameters"],
        "framework_params": facts["additional_framework_parameters"],
        "channels": sorted(channels),
        "training_env": facts,
        "user_args": arguments(facts["hyperparameters"]),
    }
    shown |= {f"channel_{name}": path for name, path in facts["channel_input_dirs"].items()}
    shown |= {f"hp_{name}": value for name, value in facts["hyperparameters"].items()}
    library = {"SAGEMAKER_JOB_NAME": own.get(f"{OWN}job_name", ""), "SAGEMAKER_REGION": own.get(f"{OWN}region", "")}
    return library | {"CURRENT_HOST": facts["current_host"]} | {f"SM_{name.upper()}": _text(value) for name, value in shown.items()}


AS_VARIABLES = {
    "current_host",
    "current_instance_group",
    "current_instance_group_hosts",
    "current_instance_type",
    "distribution_instance_groups",
    "framework_module",
    "hosts",
    "input_config_dir",
    "input_data_config",
    "input_dir",
    "instance_groups",
    "instance_groups_dict",
    "is_hetero",
    "log_level",
    "model_dir",
    "module_dir",
    "module_name",
    "network_interface_name",
    "num_cpus",
    "num_gpus",
    "num_neurons",
    "output_data_dir",
    "output_dir",
    "output_intermediate_dir",
    "resource_config",
    "user_entry_point",
}  # facts with their own variable, in addition to SM_TRAINING_ENV


def _facts(
    tree: Tree, job: str, values: Mapping[str, Any], own: Mapping[str, Any], channels: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of the toolkit's `Environment`, which SM_TRAINING_ENV holds."""
    program, host = str(own[f"{OWN}program"]), resources["current_host"]
    groups = {group["instance_group_name"]: group for group in resources["instance_groups"]}
    folders = {
        "input_dir": "input",
        "input_config_dir": CONFIG,
        "model_dir": MODEL,
        "output_dir": OUTPUT,
        "output_data_dir": OUTPUT_DATA,
        "output_intermediate_dir": INTERMEDIATE,
    }
    return {name: tree.at(folder) for name, folder in folders.items()} | {
        "additional_framework_parameters": {name: v for name, v in own.items() if name not in NOT_FRAMEWORK and name != TUNING},
        "channel_input_dirs": {name: tree.at(f"{CHANNELS}/{name}") for name in channels},
        "current_host": host,
        "current_instance_group": resources["current_group_name"],
        "current_instance_group_hosts": groups[resources["current_group_name"]]["hosts"],
        "current_instance_type": resources["current_instance_type"],
        "distribution_hosts": [],
        "distribution_instance_groups": [],
        "framework_module": None,
        "hosts": resources["hosts"],
        "hyperparameters": {name: value for name, value in values.items() if not is_own(name)},
        "input_data_config": channels,
        "instance_groups": [*groups],
        "instance_groups_dict": groups,
        "is_hetero": False,
        "is_master": True,
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": job,
        "log_level": own.get(f"{OWN}container_log_level", LEVEL),
        "master_hostname": host,
        "module_dir": str(own[f"{OWN}submit_directory"]),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources["network_interface_name"],
        "num_cpus": os.cpu_count(),
        "num_gpus": gpus(),
        "num_neurons": 0,
        "resource_config": resources,
        "topology": resources["topology"],
        "user_entry_point": program,
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def gpus() -> int:
    """The number of GPUs that `nvidia-smi` lists; 0 without it."""
    words = ["nvidia-smi", "--list-gpus"]
    if shutil.which(words[0]) is None:
        return 0
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 -- words of this file
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines()) if done.returncode == 0 else 0


def inherited(programs: Iterable[str | PurePath], libraries: Iterable[str | PurePath] = ()) -> dict[str, str]:
    """The environment of this process for a program, without variables of another job; `programs` and `libraries` go first in the paths.

    Python output is unbuffered, unless PYTHONUNBUFFERED is set already.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(INHERITED)}
    kept.setdefault("PYTHONUNBUFFERED", "1")
    for name, folders in (("PATH", programs), ("PYTHONPATH", libraries)):
        first = [*map(str, folders)]
        if first:
            kept[name] = os.pathsep.join([*first, *filter(None, [kept.get(name)])])
    return kept
