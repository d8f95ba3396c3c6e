from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlplatform.idle.cpu import Role
from jupyter_mlplatform.idle.programs import recognise

PYTHON = "/opt/conda/bin/python3.11"


@pytest.mark.parametrize(
    ("title", "command"),
    [
        ("raylet", "/site-packages/ray/core/src/ray/raylet/raylet --raylet_socket_name=/tmp/ray/raylet"),
        ("gcs_server", "/site-packages/ray/core/src/ray/gcs/gcs_server --log_dir=/tmp/ray"),
        ("ray::IDLE", "ray::IDLE"),
        ("ray::DashboardA", "ray::DashboardAgent"),
        ("ray::Transforme", "ray::Transformer"),
        ("python", f"{PYTHON} -u /site-packages/ray/autoscaler/_private/monitor.py --logs-dir=/tmp/ray"),
        ("python", f"{PYTHON} -u /site-packages/ray/_private/log_monitor.py --session-dir=/tmp/ray"),
        ("python", f"{PYTHON} /site-packages/ray/dashboard/dashboard.py --host=127.0.0.1"),
        ("dask", f"{PYTHON} /opt/conda/bin/dask worker tcp://10.0.0.1:8786"),
        ("dask-scheduler", f"{PYTHON} /opt/conda/bin/dask-scheduler"),
        ("python", f"{PYTHON} -m distributed.cli.dask_worker tcp://10.0.0.1:8786"),
        ("java", "/usr/bin/java -cp /spark/jars/* -Xmx1g org.apache.spark.deploy.SparkSubmit pyspark-shell"),
        ("pylsp", f"{PYTHON} /opt/conda/bin/pylsp"),
        ("java", "java -Declipse.product=org.eclipse.jdt.ls.core.product -jar launcher.jar"),
        ("R", "/usr/lib/R/bin/exec/R --slave -e languageserver::run()"),
        ("python", f"{PYTHON} -m pylsp --tcp"),
        ("node", "node /usr/lib/node_modules/pyright/langserver.index.js --stdio"),
        ("node", "node /usr/bin/typescript-language-server --stdio"),
        ("node", "/home/me/.vscode-server/bin/abc/node /home/me/.vscode-server/bin/abc/out/server-main.js"),
        ("node", "/usr/lib/code-server/lib/node /usr/lib/code-server --bind-addr 0.0.0.0:8080"),
        ("rserver", "/usr/lib/rstudio-server/bin/rserver"),
        ("rsession", "/usr/lib/rstudio-server/bin/rsession -u me"),
        ("tensorboard", f"{PYTHON} /opt/conda/bin/tensorboard --logdir runs"),
        ("mlflow", f"{PYTHON} /opt/conda/bin/mlflow ui"),
        ("jupyter-lab", f"{PYTHON} /opt/conda/bin/jupyter-lab"),
        ("jupyter", f"{PYTHON} /opt/conda/bin/jupyter lab --no-browser"),
        ("python", f"{PYTHON} -m jupyterlab"),
        ("ruff", "ruff server"),
        ("sshd", "sshd: me@pts/0"),
        ("dockerd", "/usr/bin/dockerd -H fd://"),
        ("tmux: client", "tmux attach"),
    ],
)
def test_these_are_known_for_their_heartbeat(title: str, command: str) -> None:
    found = recognise(title, command.split(), {})
    assert (found.role, found.apart) == (Role.HEARTBEATER, False)


@pytest.mark.parametrize(
    ("title", "command"),
    [
        ("top", "top"),
        ("htop", "htop -d 10"),
        ("watch", "watch -n1 nvidia-smi"),
        ("tail", "tail -f train.log"),
        ("tail", "tail -n 100 -F train.log"),
        ("tail", "tail --follow=name train.log"),
        ("journalctl", "journalctl -fu docker"),
        ("nvtop", "nvtop"),
        ("nvidia-smi", "nvidia-smi -l 1"),
        ("nvidia-smi", "nvidia-smi dmon"),
        ("less", "less train.log"),
        ("man", "man ls"),
        ("sleep", "sleep infinity"),
        ("gpustat", f"{PYTHON} /opt/conda/bin/gpustat -i"),
        ("python", f"{PYTHON} -m jupyter_mlplatform.idle.watchdog"),
    ],
)
def test_these_only_watch(title: str, command: str) -> None:
    assert recognise(title, command.split(), {}).role is Role.WATCHER


def test_our_own_watchdog_is_nobodys_work() -> None:
    assert recognise("python", [PYTHON, "-m", "jupyter_mlplatform.idle.watchdog", "/home/me"], {}).aside


@pytest.mark.parametrize(
    ("title", "command", "name"),
    [
        ("python", f"{PYTHON} -u /home/me/train.py --epochs 3", "train.py"),
        ("python", f"{PYTHON} -W ignore train.py", "train.py"),
        ("python", f"{PYTHON} -m torch.distributed.run train.py", "torch.distributed.run"),
        ("python", f"{PYTHON} -c password='geheim'", "python"),
        ("python", f"{PYTHON} -Bc password='geheim'", "python"),
        ("bash", "-bash", "bash"),
        ("bash", "bash run.sh tail -f", "run.sh"),
        ("bash", "bash -c train --token=geheim", "bash"),
        ("ray::train", "ray::train", "ray::train"),
        ("ray::Transforme", "ray::Transformer.fit", "ray::Transformer.fit"),
        ("ray::Counter", "ray::Counter.increment_a_lot", "ray::Counter.increment_a_lot"),
        ("tail", "tail -n 5 train.log", "tail"),
        ("nvidia-smi", "nvidia-smi", "nvidia-smi"),
        ("mlflow", f"{PYTHON} /opt/conda/bin/mlflow run .", "mlflow"),
        ("jupyter", f"{PYTHON} /opt/conda/bin/jupyter nbconvert --execute a.ipynb", "jupyter"),
        ("java", "java -jar train.jar --password=geheim", "java"),
        ("python", f"{PYTHON} /home/me/.vscode-server/extensions/debugpy/launcher 1 -- train.py", "launcher"),
        ("python", f"{PYTHON} /home/me/ray/train.py", "train.py"),
        ("python", f"{PYTHON} watch.py", "watch.py"),
        ("train", "", "train"),
    ],
)
def test_everything_else_is_ordinary_and_named_without_its_arguments(title: str, command: str, name: str) -> None:
    found = recognise(title, command.split(), {})
    assert (found.name, found.role, found.apart) == (name, Role.ORDINARY, False)


def test_a_dask_worker_is_known_by_what_its_nanny_has_prepared() -> None:
    spawned = [PYTHON, "-c", "from multiprocessing.spawn import spawn_main; spawn_main()", "--multiprocessing-fork"]
    found = recognise("python", spawned, {"__DASK_PARENT_PID": "77"})
    assert (found.name, found.role, found.host) == ("dask worker", Role.HEARTBEATER, 77)
    assert recognise("python", spawned, {}).role is Role.ORDINARY
    assert recognise("python", [PYTHON, "train.py"], {"__DASK_PARENT_PID": "77"}).role is Role.ORDINARY
    assert recognise("python", spawned, {"__DASK_PARENT_PID": "x"}).role is Role.ORDINARY


@pytest.mark.parametrize(
    ("title", "command"),
    [("tmux: server", "tmux new -d"), ("tmux", "tmux new -d"), ("screen", "SCREEN -dm job"), ("dtach", "dtach -n x")],
)
def test_a_multiplexers_server_stands_apart(title: str, command: str) -> None:
    found = recognise(title, command.split(), {})
    assert (found.role, found.apart) == (Role.HEARTBEATER, True)


def test_an_administrators_names_come_first_and_fit_programs_scripts_and_paths() -> None:
    assert recognise("python", [PYTHON, "/opt/agent.py"], {}, heartbeaters=["agent.py"]).role is Role.HEARTBEATER
    assert recognise("agent", ["/opt/agent"], {}, heartbeaters=["agent"]).role is Role.HEARTBEATER
    assert recognise("raylet", ["raylet"], {}, watchers=["raylet"]).role is Role.WATCHER
    assert recognise("top", ["top"], {}, heartbeaters=["top"]).role is Role.HEARTBEATER


@given(st.text(max_size=15), st.lists(st.text(max_size=12), max_size=6))
def test_whatever_a_process_is_called_it_gets_a_name_that_is_short(title: str, arguments: list[str]) -> None:
    assert len(recognise(title, arguments, {}).name) <= 64
