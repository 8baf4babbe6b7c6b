"""Workflows and activities of a small shop: ordinary Temporal code."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ApplicationError

CITY = SearchAttributeKey.for_keyword("CompatCity")
AMOUNT = SearchAttributeKey.for_int("CompatAmount")


@dataclass
class Order:
    item: str
    amount: int


@dataclass
class Receipt:
    item: str
    address: str
    approved_by: str
    tracking: str
    attempts: int


@activity.defn
async def reserve(item: str) -> int:
    """Works on its third attempt."""
    attempt = activity.info().attempt
    if attempt < 3:
        raise ApplicationError(f"no {item} on attempt {attempt}", type="OutOfStock")
    return attempt


@activity.defn
async def refuse(item: str) -> None:
    raise ApplicationError(f"{item} is not for sale", {"item": item}, type="NotForSale")


@activity.defn
async def count_to(goal: int) -> list[int]:
    """Counts with heartbeats, breaks half way, and goes on where its last heartbeat was."""
    details = activity.info().heartbeat_details
    begin = details[0] if details else 0
    for n in range(begin, goal):
        activity.heartbeat(n + 1)
        if n + 1 == goal // 2 and activity.info().attempt == 1:
            raise ApplicationError("broke half way")
    return [begin, goal]


@activity.defn
async def endless() -> str:
    """Heartbeats until it is cancelled."""
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)
    except asyncio.CancelledError:
        activity.logger.info("cancelled")
        raise


@activity.defn
async def ask_a_human(question: str) -> str:
    """Somebody else completes it, by its workflow's and its own id."""
    activity.raise_complete_async()


SHORT = timedelta(seconds=10)
QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=50), non_retryable_error_types=["NotForSale"])


@workflow.defn
class Shop:
    """Sequence, retry, timer, update, signal, child; its state can be asked for."""

    def __init__(self) -> None:
        self.address = ""
        self.approved_by = ""
        self.stage = "new"

    @workflow.run
    async def run(self, order: Order) -> Receipt:
        workflow.upsert_search_attributes([CITY.value_set("Kraków"), AMOUNT.value_set(order.amount)])
        attempts = await workflow.execute_activity(reserve, order.item, start_to_close_timeout=SHORT, retry_policy=QUICK)
        self.stage = "reserved"
        await workflow.sleep(timedelta(milliseconds=300))
        self.stage = "open"
        await workflow.wait_condition(lambda: bool(self.address and self.approved_by))
        tracking = await workflow.execute_child_workflow(
            Shipment.run, self.address, id=f"{workflow.info().workflow_id}/shipment"
        )
        self.stage = "shipped"
        return Receipt(order.item, self.address, self.approved_by, tracking, attempts)

    @workflow.signal
    def approve(self, by: str) -> None:
        self.approved_by = by

    @workflow.update
    async def set_address(self, address: str) -> str:
        before, self.address = self.address, address
        await workflow.sleep(timedelta(milliseconds=50))
        return before

    @set_address.validator
    def validate_address(self, address: str) -> None:
        if not address:
            raise ApplicationError("an address is not empty", type="BadAddress")

    @workflow.query
    def state(self) -> str:
        return self.stage


@workflow.defn
class Shipment:
    @workflow.run
    async def run(self, address: str) -> str:
        await workflow.sleep(timedelta(milliseconds=50))
        return f"to {address}"


@workflow.defn
class Steps:
    """One activity of each kind."""

    @workflow.run
    async def run(self) -> dict[str, Any]:
        counted = await workflow.execute_activity(
            count_to, 10, start_to_close_timeout=SHORT, heartbeat_timeout=SHORT, retry_policy=QUICK
        )
        local = await workflow.execute_local_activity(reserve, "string", start_to_close_timeout=SHORT, retry_policy=QUICK)
        answer = await workflow.execute_activity(
            ask_a_human, "tea or coffee?", activity_id="question", start_to_close_timeout=timedelta(minutes=1)
        )
        try:
            await workflow.execute_activity(refuse, "the shop", start_to_close_timeout=SHORT, retry_policy=QUICK)
        except Exception as error:
            refused = f"{type(error).__name__}: {getattr(error.__cause__, 'type', '')}: {error.__cause__}"
        return {"counted": counted, "local": local, "answer": answer, "refused": refused}


@workflow.defn
class Question:
    """Asks, and answers with what it heard."""

    @workflow.run
    async def run(self) -> str:
        minute = timedelta(minutes=1)
        return await workflow.execute_activity(
            ask_a_human, "tea or coffee?", activity_id="question", start_to_close_timeout=minute, retry_policy=RetryPolicy(maximum_attempts=1)
        )


@workflow.defn
class Stubborn:
    """Its activity never works; an operator has an hour before the next attempt."""

    @workflow.run
    async def run(self) -> None:
        hourly = RetryPolicy(initial_interval=timedelta(hours=1))
        await workflow.execute_activity(
            refuse, "the shop", activity_id="stubborn", start_to_close_timeout=SHORT, retry_policy=hourly
        )


@workflow.defn
class Countdown:
    """Continues as new until nothing is left."""

    @workflow.run
    async def run(self, left: int, runs: int) -> int:
        if left == 0:
            return runs
        workflow.continue_as_new(args=[left - 1, runs + 1])


@workflow.defn
class Patient:
    """Waits until it is cancelled, and cleans up."""

    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.execute_activity(
                endless,
                start_to_close_timeout=timedelta(minutes=1),
                heartbeat_timeout=timedelta(seconds=1),
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except Exception:
            await asyncio.shield(
                workflow.execute_activity(reserve, "broom", start_to_close_timeout=SHORT, retry_policy=QUICK)
            )
            raise
        return "never"


@workflow.defn
class Cart:
    """Collects what signals bring."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.closed = False

    @workflow.run
    async def run(self) -> list[str]:
        await workflow.wait_condition(lambda: self.closed)
        return self.items

    @workflow.signal
    def add(self, item: str) -> None:
        self.items.append(item)

    @workflow.update
    def close(self) -> int:
        self.closed = True
        return len(self.items)


WORKFLOWS = [Shop, Shipment, Steps, Question, Stubborn, Countdown, Patient, Cart]
ACTIVITIES = [reserve, refuse, count_to, endless, ask_a_human]
