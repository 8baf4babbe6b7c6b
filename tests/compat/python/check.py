"""Runs the shop's workflows with a worker in this process, and verifies every outcome; a line for each.

    python check.py ADDRESS [NAMESPACE]

Exits with 1 when anything is wrong."""

import asyncio
import logging
import os
import sys
import traceback
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateFailedError,
    WorkflowUpdateStage,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError, WorkflowAlreadyStartedError
from temporalio.worker import Replayer, Worker

from workflows import ACTIVITIES, AMOUNT, CITY, WORKFLOWS, Cart, Countdown, Order, Patient, Shop, Steps

RUN = uuid.uuid4().hex[:8]
QUEUE = f"shop-{RUN}"
PATIENCE = timedelta(seconds=60)
TYPES = {
    "CompatCity": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "CompatAmount": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "CompatNote": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "CompatPrice": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "CompatGift": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "CompatDue": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "CompatTags": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")


T = TypeVar("T")


async def until(what: str, look: Callable[[], Awaitable[T | None]]) -> T:
    deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    while (found := await look()) is None:
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        await asyncio.sleep(0.05)
    return found


class Check:
    """One method for each theme; it answers with a word on what it saw."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.ids: list[str] = []

    def id(self, name: str) -> str:
        self.ids.append(f"{name}-{RUN}")
        return self.ids[-1]

    async def failure(self, handle: WorkflowHandle) -> BaseException:
        try:
            result = await handle.result()
        except WorkflowFailureError as error:
            return error.cause
        raise AssertionError(f"{handle.id} ended with {result!r}, and should fail")

    async def signals_queries_updates(self) -> str:
        handle = await self.client.start_workflow(Shop.run, Order("chair", 3), id=self.id("shop"), task_queue=QUEUE)

        async def is_open() -> bool | None:
            return True if await handle.query(Shop.state) == "open" else None

        await until("the shop to open", is_open)
        try:
            await handle.execute_update(Shop.set_address, "")
            raise AssertionError("an empty address was taken")
        except WorkflowUpdateFailedError as error:
            expect("why not", getattr(error.cause, "type", None), "BadAddress")
        expect("before", await handle.execute_update(Shop.set_address, "Rynek 1"), "")
        update = await handle.start_update(Shop.set_address, "Rynek 2", wait_for_stage=WorkflowUpdateStage.ACCEPTED, id="again")
        expect("before", await update.result(), "Rynek 1")
        expect("asked again", await handle.get_update_handle("again").result(), "Rynek 1")
        await handle.signal(Shop.approve, "Zoë")
        receipt = await handle.result()
        expect("receipt", vars(receipt) if hasattr(receipt, "__dict__") else receipt, {
            "item": "chair", "address": "Rynek 2", "approved_by": "Zoë", "tracking": "to Rynek 2", "attempts": 3,
        })
        expect("state of a closed run", await handle.query(Shop.state), "shipped")
        child = await self.client.get_workflow_handle(f"{handle.id}/shipment").describe()
        expect("child", (child.status, child.parent_id), (WorkflowExecutionStatus.COMPLETED, handle.id))
        self.ids.append(child.id)
        return "a signal, a refused and two accepted updates, queries open and closed, a timer, a child"

    async def activities(self) -> str:
        handle = await self.client.start_workflow(Steps.run, id=self.id("steps"), task_queue=QUEUE)
        question = self.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="question")

        async def asked() -> bool | None:
            description = await handle.describe()
            pending = description.raw_description.pending_activities
            return True if any(a.activity_id == "question" and a.attempt == 1 and a.state == 2 for a in pending) else None

        await until("the question", asked)
        await question.heartbeat("hm")
        await question.complete("tea")
        result = await handle.result()
        expect("steps", result, {
            "counted": [5, 10],
            "local": 3,
            "answer": "tea",
            "refused": "ActivityError: NotForSale: NotForSale: the shop is not for sale",
        })
        return "retries, heartbeats that go on, a local one, one completed from outside, one refused"

    async def continue_as_new(self) -> str:
        handle = await self.client.start_workflow(Countdown.run, args=[5, 0], id=self.id("countdown"), task_queue=QUEUE)
        expect("runs", await handle.result(), 5)
        first = await self.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id).describe()
        expect("first run", first.status, WorkflowExecutionStatus.CONTINUED_AS_NEW)
        return "six runs, one result"

    async def cancel_and_terminate(self) -> str:
        handle = await self.client.start_workflow(Patient.run, id=self.id("patient"), task_queue=QUEUE)

        async def is_pending() -> bool | None:
            pending = (await handle.describe()).raw_description.pending_activities
            return True if any(a.HasField("last_heartbeat_time") for a in pending) else None

        await until("a heartbeat", is_pending)
        await handle.cancel()
        expect("cancelled", type(await self.failure(handle)), CancelledError)
        expect("status", (await handle.describe()).status, WorkflowExecutionStatus.CANCELED)
        cart = await self.client.start_workflow(Cart.run, id=self.id("terminated"), task_queue=QUEUE)
        await cart.terminate(reason="closing time")
        failure = await self.failure(cart)
        expect("terminated", (type(failure), str(failure)), (TerminatedError, "closing time"))
        return "cancelled with its activity, cleaned up; terminated"

    async def with_start(self) -> str:
        id = self.id("cart")
        for item in ["tea", "cup"]:
            handle = await self.client.start_workflow(
                Cart.run, id=id, task_queue=QUEUE, start_signal="add", start_signal_args=[item],
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
        try:
            await self.client.start_workflow(Cart.run, id=id, task_queue=QUEUE)
            raise AssertionError("two runs of one workflow")
        except WorkflowAlreadyStartedError as error:
            expect("who is there", error.run_id, (await handle.describe()).run_id)
        start = WithStartWorkflowOperation(
            Cart.run, id=id, task_queue=QUEUE, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
        )
        items = await self.client.execute_update_with_start_workflow(Cart.close, start_workflow_operation=start)
        expect("items", (items, await handle.result()), (2, ["tea", "cup"]))
        return "signal with start, update with start, and no second run"

    async def visibility(self) -> str:
        due = datetime(2027, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        values = {"CompatCity": "Łódź", "CompatAmount": 7, "CompatNote": "leave at the door", "CompatPrice": 12.5,
                  "CompatGift": True, "CompatDue": due, "CompatTags": ["red", RUN]}
        keys = {
            "CompatCity": CITY, "CompatAmount": AMOUNT, "CompatNote": SearchAttributeKey.for_text("CompatNote"),
            "CompatPrice": SearchAttributeKey.for_float("CompatPrice"), "CompatGift": SearchAttributeKey.for_bool("CompatGift"),
            "CompatDue": SearchAttributeKey.for_datetime("CompatDue"),
            "CompatTags": SearchAttributeKey.for_keyword_list("CompatTags"),
        }
        attributes = TypedSearchAttributes([SearchAttributePair(keys[k], v) for k, v in values.items()])
        handle = await self.client.start_workflow(
            Cart.run, id=self.id("attributes"), task_queue=QUEUE, search_attributes=attributes, memo={"who": "Zoë"},
        )
        queries = [
            "CompatCity = 'Łódź'", "CompatAmount BETWEEN 6 AND 8", "CompatNote = 'door'", "CompatPrice > 12.4",
            "CompatGift = true", "CompatDue < '2027-01-02T03:04:06Z'", f"CompatTags IN ('{RUN}')", "ExecutionStatus = 'Running'",
        ]
        for query in [*queries, " AND ".join(queries)]:

            async def found() -> bool | None:
                runs = self.client.list_workflows(f"{query} AND TaskQueue = '{QUEUE}'")
                return True if handle.id in [run.id async for run in runs] else None

            await until(f"the list of {query}", found)
        await handle.execute_update(Cart.close)
        await handle.result()

        async def counted() -> int | None:
            groups = (await self.client.count_workflows(f"WorkflowId = '{handle.id}' GROUP BY ExecutionStatus")).groups
            return True if [(g.group_values, g.count) for g in groups] == [(["Completed"], 1)] else None

        await until("the count", counted)
        description = await handle.describe()
        expect("attributes", {k: description.typed_search_attributes[keys[k]] for k in keys}, values)
        expect("memo", await description.memo(), {"who": "Zoë"})
        shop = f"CompatAmount = 3 AND CompatCity = 'Kraków' AND WorkflowId = 'shop-{RUN}'"
        expect("upserted", (await self.client.count_workflows(shop)).count, 1)
        return "seven types of search attributes, filtered, counted, grouped; a memo"

    async def replay(self) -> str:
        """Every history, as JSON and back, in the SDK's replayer."""
        histories = []
        for id in self.ids:
            text = (await self.client.get_workflow_handle(id).fetch_history()).to_json()
            histories.append(WorkflowHistory.from_json(id, text))
        replayer = Replayer(workflows=WORKFLOWS)
        for history in histories:
            result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
            expect(f"replay of {history.workflow_id}", result.replay_failure, None)
        return f"{len(histories)} histories"


async def add_search_attributes(client: Client) -> None:
    operator = client.operator_service
    there = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    missing = {name: type for name, type in TYPES.items() if name not in there.custom_attributes}
    if missing:
        await operator.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def main(address: str, namespace: str = "default") -> int:
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # failures are part of the play
    client = await Client.connect(address, namespace=namespace)
    await add_search_attributes(client)
    check, wrong = Check(client), 0
    themes = [check.signals_queries_updates, check.activities, check.continue_as_new, check.cancel_and_terminate,
              check.with_start, check.visibility, check.replay]
    async with Worker(client, task_queue=QUEUE, workflows=WORKFLOWS, activities=ACTIVITIES):
        for theme in themes:
            name = theme.__name__.replace("_", " ")
            try:
                print(f"ok    {name}: {await asyncio.wait_for(theme(), 90)}", flush=True)
            except Exception:
                wrong += 1
                print(f"WRONG {name}: {traceback.format_exc()}", flush=True)
    print("all right" if wrong == 0 else f"{wrong} wrong")
    return min(wrong, 1)


if __name__ == "__main__":
    status = asyncio.run(main(*sys.argv[1:]))
    sys.stdout.flush()
    # Threads of the SDK's bridge may still run while the interpreter is taken down, which then aborts
    # ("PyGILState_Release ... must be current"): leave without taking it down.
    os._exit(status)
