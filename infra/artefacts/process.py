"""A built function in a process of its own, in the environment that Lambda gives it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from artefacts.layout import Artefact
from artefacts.runtime_api import Answer, RuntimeApi


class FunctionDied(Exception):
    """The function's process ended, or did not answer in time; the text has the end of its log."""


class FunctionProcess:
    """Runs awslambdaric on a built function until the context ends; its first invocation is a cold start.

    Parameters
    ----------
    artefact
        What to run.
    interpreter
        A Python of the runtime's version that has what Lambda's has: awslambdaric and boto3.
    environment
        The function's own environment variables, and those that stand in for its role.
    """

    def __init__(self, artefact: Artefact, interpreter: Path, environment: Mapping[str, str]) -> None:
        self._artefact = artefact
        self._interpreter = interpreter
        self._environment = environment
        self._api = RuntimeApi(artefact.name)
        # Appending, for reading moves the position that the child's writes would share.
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115  closed when the context ends
        self._process: subprocess.Popen[bytes]
        self.first_answer_s: float | None = None

    def __enter__(self) -> FunctionProcess:
        self._api.__enter__()
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [str(self._interpreter), "-m", "awslambdaric", self._artefact.handler],
            cwd=self._artefact.task_root,
            env=self._sandbox() | dict(self._environment),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait()
        self._api.__exit__(*exc_info)
        self._log.close()

    def invoke(self, event: object, timeout_s: float = 120) -> Answer:
        """Give the function one event and wait for its answer.

        Raises
        ------
        FunctionDied
            No answer came.
        """
        self._api.offer(event, timeout_s)
        deadline = time.monotonic() + timeout_s
        while (answer := self._api.answer(0.1)) is None:
            if self._process.poll() is not None:
                raise FunctionDied(f"{self._artefact.name} ended with {self._process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise FunctionDied(f"{self._artefact.name} gave no answer in {timeout_s} s:\n{self.log()}")
        if self.first_answer_s is None:
            self.first_answer_s = time.monotonic() - self._started
        return answer

    def log(self) -> str:
        """The end of what the function logged."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-8000:]

    def _sandbox(self) -> dict[str, str]:
        """What Lambda sets, and nothing of this machine's own environment."""
        return {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_LAMBDA_FUNCTION_NAME": self._artefact.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self._artefact.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_REGION": "eu-west-1",
            "LAMBDA_TASK_ROOT": str(self._artefact.task_root),
            "LANG": "en_US.UTF-8",
            "PATH": os.defpath,
            "PYTHONPATH": self._artefact.python_path,
            # /var/task and /opt are read-only, so no bytecode appears there.
            "PYTHONDONTWRITEBYTECODE": "1",
            "TZ": ":UTC",
            "_HANDLER": self._artefact.handler,
        }
