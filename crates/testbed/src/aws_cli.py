"""Runs the AWS CLI for every command in a list on standard input, each in a process of its own."""

import json
import os
import sys
import tempfile
import traceback

AT_A_TIME = max(2, os.cpu_count() or 2)

# What the tester's shell says about AWS must not reach the CLI under test.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    PYTHONIOENCODING="utf-8",
)

import awscli.clidriver  # Sets variables of its own.


def start(command):
    """Forks a process that is the CLI from then on."""
    files = {name: tempfile.TemporaryFile() for name in ("stdout", "stderr")}
    child = os.fork()
    if child:
        return child, files
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(files[name].fileno(), number)
    os.environ["AWS_ENDPOINT_URL"] = command["endpoint"]
    sys.argv = ["aws", *command["arguments"]]
    code = 255
    try:
        code = awscli.clidriver.main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def finish(files, status):
    told = {"code": os.waitstatus_to_exitcode(status)}
    for name, file in files.items():
        file.seek(0)
        told[name] = file.read().decode("utf-8", "replace")
        file.close()
    return told


commands = json.load(sys.stdin)
finished, running = [None] * len(commands), {}
for at, command in enumerate(commands):
    child, files = start(command)
    running[child] = (at, files)
    while len(running) >= AT_A_TIME or (running and at + 1 == len(commands)):
        child, status = os.wait()
        at_of_child, files = running.pop(child)
        finished[at_of_child] = finish(files, status)
json.dump(finished, sys.stdout)
