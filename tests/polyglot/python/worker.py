#!/usr/bin/env python3
"""A Steadfast activity worker: the NATS client, MessagePack, and nothing else.

usage: worker.py NATS_URL NAMESPACE TASK_QUEUE
"""
import asyncio
import json
import os
import signal
import sys

import msgpack
import nats
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

POLL_SECONDS = 2
ANSWER_SECONDS = 60
IDENTITY = f"python-{os.getpid()}"


class Failed(Exception):
    """An activity's failure: its type is what retry policies match on."""

    def __init__(self, kind, message, retry=True):
        super().__init__(message)
        self.kind, self.retry = kind, retry


class Cancelled(Exception):
    """The workflow asked for cancellation; a heartbeat's answer said so."""


def payload(value):
    """A value as JSON, the encoding that every SDK reads."""
    return {"metadata": {"encoding": b"json/plain"}, "data": json.dumps(value).encode()}


def values(payloads):
    return [json.loads(p["data"]) if p["data"] else None for p in payloads]


class Away(Exception):
    """The engine cannot answer at the moment; the same request may succeed later."""


class Refused(Exception):
    """The engine's answer is an error, such as `task_not_found`: trying again does not help."""


class Worker:
    def __init__(self, client, namespace, queue, activities=None):
        self.client, self.namespace, self.queue = client, namespace, queue
        self.activities = activities or {}
        self.stopping = asyncio.Event()

    async def request(self, subject, body, timeout):
        """One request; nothing is the answer of a poll that found no task."""
        try:
            answer = await self.client.request(subject, msgpack.packb(body), timeout=timeout)
        except (NoRespondersError, NatsTimeout) as error:
            raise Away from error
        value = msgpack.unpackb(answer.data) if answer.data else None
        if "Nats-Service-Error-Code" in (answer.headers or {}):
            kind = Away if value["retryable"] else Refused
            raise kind(f"{value['code']}: {value['message']}")
        if value and "traceparent" in (answer.headers or {}):
            value["traceparent"] = answer.headers["traceparent"]  # what a span of this task continues
        return value

    async def answer(self, verb, body):
        """Tells the engine; while it is away (being restarted, say) tries again."""
        deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
        body["identity"] = IDENTITY
        while True:
            try:
                return await self.request(f"sf.task.{self.namespace}.{verb}", body, 5)
            except Away:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def poll(self, kind, work):
        """Works on tasks of one kind until the worker stops; what was begun is finished."""
        subject = f"sf.poll.{self.namespace}.{self.queue}.{kind}"
        body = {"identity": IDENTITY, "timeout_ms": POLL_SECONDS * 1000}
        while not self.stopping.is_set():
            try:
                task = await self.request(subject, body, POLL_SECONDS + 2)
                if task:
                    await work(task)
            except Away:
                await asyncio.sleep(0.2)
            except Refused as error:
                print(error, file=sys.stderr, flush=True)
                await asyncio.sleep(0.2)

    async def work(self, task):
        token = task["token"]
        activity = self.activities.get(task["activity_type"])
        try:
            if activity is None:
                raise Failed("NotFound", f"no activity {task['activity_type']}")
            result = await activity(self, task, *values(task.get("input", [])))
        except Cancelled:
            await self.answer("cancel", {"token": token, "details": []})
        except Failed as error:
            info = {"type": error.kind, "non_retryable": not error.retry}
            failure = {"message": str(error), "source": "python", "info": {"Application": info}}
            await self.answer("fail", {"token": token, "failure": failure})
        else:
            await self.answer("complete", {"token": token, "result": [payload(result)]})

    async def heartbeat(self, task, progress):
        reply = await self.answer("heartbeat", {"token": task["token"], "details": [payload(progress)]})
        if reply["cancel_requested"]:
            raise Cancelled


async def echo(_worker, _task, *args):
    return args[0] if args else None


async def slow(worker, task, steps):
    """Counts up to `steps`; a further attempt goes on where the last one's heartbeat was."""
    done = (values(task.get("heartbeat_details", [])) or [0])[0]
    while done < steps:
        await asyncio.sleep(0.1)
        done += 1
        await worker.heartbeat(task, done)
    return done


async def fail(_worker, task, *_args):
    if task["attempt"] < 3:
        raise Failed("NotYet", f"attempt {task['attempt']} fails")
    return f"attempt {task['attempt']} from python"


async def reject(_worker, _task, *_args):
    raise Failed("Rejected", "this never works", retry=False)


async def trace(_worker, task, *_args):
    return task.get("traceparent")


ACTIVITIES = {"echo": echo, "slow": slow, "fail": fail, "reject": reject, "trace": trace}


async def start(url, namespace, queue, activities=None):
    """Connects, says that it is ready, and stops when asked to."""
    client = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.2)
    worker = Worker(client, namespace, queue, activities)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, worker.stopping.set)
    print("ready", flush=True)
    return worker


async def main(url, namespace, queue, activities=ACTIVITIES):
    worker = await start(url, namespace, queue, activities)
    # Four polls at once; each one ends what it is at before the worker stops.
    await asyncio.gather(*(worker.poll("activity", worker.work) for _ in range(4)))
    await worker.client.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
