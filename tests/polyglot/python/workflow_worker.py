#!/usr/bin/env python3
"""A Steadfast workflow worker: workflows are generators, replayed from their history.

usage: workflow_worker.py NATS_URL NAMESPACE TASK_QUEUE

A workflow yields what it wants (an activity, a sleep, a signal, several at once) and is sent the
outcome. For each workflow task it runs from the start: what the history has is answered from the
history, and the first wishes that it does not have become commands.
"""
import asyncio
import sys

from worker import payload, start, values

SECOND = 1_000_000_000
PENDING = object()


class ActivityError(Exception):
    pass


class NonDeterminism(Exception):
    pass


class Replay:
    """One pass over a history."""

    def __init__(self, events):
        self.commands, self.count, self.taken = [], 0, {}
        self.ids, self.outcomes, self.signals = {}, {}, {}
        for event in events:
            (name, fields), = event["kind"].items()
            match name:
                case "WorkflowExecutionStarted":
                    self.input, self.type = values(fields.get("input", [])), fields["workflow_type"]
                case "ActivityTaskScheduled":
                    self.ids[fields["activity_id"]] = (fields["activity_type"], event["id"])
                case "TimerStarted":
                    self.ids[fields["timer_id"]] = ("timer", event["id"])
                case "ActivityTaskCompleted":
                    result = (values(fields.get("result", [])) or [None])[0]
                    self.outcomes[fields["scheduled_event_id"]] = result
                case "ActivityTaskFailed" | "ActivityTaskTimedOut":
                    error = ActivityError(fields["failure"]["message"])
                    self.outcomes[fields["scheduled_event_id"]] = error
                case "TimerFired":
                    self.outcomes[fields["started_event_id"]] = None
                case "WorkflowExecutionSignaled":
                    arrived = self.signals.setdefault(fields.get("signal_name", ""), [])
                    arrived.append((values(fields.get("input", [])) or [None])[0])

    def issue(self, what, command):
        """Numbers the wish; the outcome if the history has one, a command if it has nothing."""
        self.count += 1
        name = str(self.count)
        if name not in self.ids:
            self.commands.append({"kind": command(name)})
            return PENDING
        then, event_id = self.ids[name]
        if then != what:
            raise NonDeterminism(f"event {event_id}: history has {then}, the workflow wants {what}")
        return self.outcomes.get(event_id, PENDING)

    def run(self, workflow):
        """The commands of this workflow task."""
        code, outcome = workflow(*self.input), None
        try:
            while True:
                failed = isinstance(outcome, Exception)
                wish = code.throw(outcome) if failed else code.send(outcome)
                outcome = wish(self)
                if outcome is PENDING:
                    return self.commands
        except StopIteration as end:
            return self.commands + [{"kind": {"CompleteWorkflow": {"result": [payload(end.value)]}}}]
        except ActivityError as error:
            failure = {"message": str(error), "source": "python", "info": "Unspecified"}
            return self.commands + [{"kind": {"FailWorkflow": {"failure": failure}}}]


def activity(kind, *args, seconds=30, attempts=0):
    def command(name):
        return {"ScheduleActivity": {
            "activity_id": name, "activity_type": kind, "input": [payload(a) for a in args],
            "start_to_close_timeout": seconds * SECOND,
            "retry_policy": {"initial_interval": SECOND // 20, "maximum_attempts": attempts}}}
    return lambda replay: replay.issue(kind, command)


def sleep(seconds):
    def command(name):
        return {"StartTimer": {"timer_id": name, "start_to_fire_timeout": int(seconds * SECOND)}}
    return lambda replay: replay.issue("timer", command)


def signal(name):
    def wish(replay):
        taken = replay.taken.get(name, 0)
        if taken >= len(replay.signals.get(name, [])):
            return PENDING
        replay.taken[name] = taken + 1
        return replay.signals[name][taken]
    return wish


def together(*wishes):
    def wish(replay):
        outcomes = [each(replay) for each in wishes]
        failed = [o for o in outcomes if isinstance(o, Exception)]
        return failed[0] if failed else PENDING if PENDING in outcomes else outcomes
    return wish


def order(item):
    """Sequence, parallel, timer, signal and a caught failure in one small workflow."""
    echoed = yield activity("echo", item)
    both = yield together(activity("slow", 2), activity("fail"))
    yield sleep(0.05)
    approval = yield signal("approve")
    try:
        yield activity("reject", attempts=1)
    except ActivityError as error:
        return {"item": echoed, "both": both, "approval": approval, "refused": str(error)}


WORKFLOWS = {"order": order}


async def history(worker, task):
    """The task's own events come last; a long history comes in pages."""
    events, following = task["history"], task.get("next_event_id")
    while following:
        body = {"workflow_id": task["workflow_id"], "run_id": task["run_id"]}
        body["from_event_id"] = following
        page = await worker.request(f"sf.api.{worker.namespace}.history", body, 10)
        more = [event for event in page["events"] if event["id"] >= following]
        events += more
        following = more[-1]["id"] + 1 if more and page.get("next_event_id") else None
    known = events[-1]["id"] if events else 0
    return events + [event for event in task.get("tail", []) if event["id"] > known]


async def work(worker, task):
    replay = Replay(await history(worker, task))
    try:
        commands = replay.run(WORKFLOWS[replay.type])
    except (KeyError, NonDeterminism) as error:
        failure = {"message": repr(error), "source": "python", "info": "Unspecified"}
        body = {"token": task["token"], "cause": "NonDeterministicError", "failure": failure}
        return await worker.answer("fail", body)
    await worker.answer("complete", {"token": task["token"], "commands": commands})


async def main(url, namespace, queue):
    worker = await start(url, namespace, queue)
    await worker.poll("workflow", lambda task: work(worker, task))
    await worker.client.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
