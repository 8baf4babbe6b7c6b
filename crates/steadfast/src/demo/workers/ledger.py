"""What really happened outside: one line of JSON per effect, appended to a file.

An activity may be tried again after a crash, so each effect has a key and is written once.
"""
import fcntl
import json
import os

PATH = os.environ.get("SF_DEMO_LEDGER", "ledger.jsonl")


def record(maker, task, purchase, action, value):
    key = f"{task['workflow_id']}/{task['activity_id']}"
    line = {"key": key, "purchase": purchase, "action": action, "value": value,
            "attempt": task["attempt"], "by": maker}
    with open(PATH, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not any(json.loads(each)["key"] == key for each in file if each.endswith("\n")):
            file.write(json.dumps(line) + "\n")
