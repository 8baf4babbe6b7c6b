#!/usr/bin/env python3
"""The demo's activities about people and money, in Python.

usage: money.py NATS_URL NAMESPACE TASK_QUEUE

`worker.py` beside this file is the whole "SDK": a NATS client and MessagePack.
"""
import asyncio
import sys

from ledger import record
from worker import Failed, main

MAKER = "python"
INCOMES_MAX = 6


async def validate_documents(_worker, _task, purchase):
    needed = ["title_deed", "identity"]
    missing = [paper for paper in needed if paper not in purchase["documents"]]
    return {"valid": not missing, "missing": missing}


async def background_check(_worker, task, purchase):
    """The credit bureau is busy at first: the retry policy sees to it."""
    if task["attempt"] == 1:
        raise Failed("BureauBusy", "the credit bureau answers 503")
    await asyncio.sleep(0.1)
    return {"buyer": purchase["buyer"]["name"], "clear": True, "attempt": task["attempt"]}


async def update_crm(_worker, task, purchase, status):
    record(MAKER, task, purchase["id"], "crm", status)
    return status


async def notify(_worker, task, purchase, message):
    record(MAKER, task, purchase["id"], "notified", message)
    return message


async def automated_screening(_worker, _task, purchase):
    loan, income = purchase["loan"]["amount"], purchase["buyer"]["annual_income"]
    return {"rejects": loan > INCOMES_MAX * income, "incomes": round(loan / max(income, 1), 1)}


async def request_human_review(_worker, task, purchase, screening):
    record(MAKER, task, purchase["id"], "review_requested", screening["incomes"])
    return "waiting for a loan officer"


async def financial_projection(worker, task, purchase):
    """Long work with a heartbeat: a worker that dies is noticed, and the next goes on."""
    for month in range(1, 7):
        await asyncio.sleep(0.1)
        await worker.heartbeat(task, month)
    rent = purchase["property"]["price"] * 4 // 1000
    return {"monthly_rent": rent, "gross_yield": round(12 * rent / purchase["property"]["price"], 3)}


async def reserve_funds(_worker, task, purchase, amount):
    if amount > purchase["buyer"]["funds"]:
        raise Failed("InsufficientFunds", "the deposit is not there", retry=False)
    record(MAKER, task, purchase["id"], "reserve_funds", amount)
    return amount


async def release_funds(_worker, task, purchase, amount):
    record(MAKER, task, purchase["id"], "release_funds", amount)
    return amount


async def finalize_purchase(_worker, task, purchase):
    """Never tried twice: its activity has `maximum_attempts: 1`."""
    await asyncio.sleep(0.3)
    if purchase.get("registry") == "refuses":
        raise Failed("RegistryRefused", "a lien is on the title", retry=False)
    record(MAKER, task, purchase["id"], "finalize_purchase", purchase["property"]["price"])
    return {"deed": f"deed-{purchase['id']}"}


def spread(activity):
    """The workflows give each activity one argument: a list of what it takes."""
    return lambda worker, task, given: activity(worker, task, *given)


ACTIVITIES = {
    each.__name__: spread(each)
    for each in (
        validate_documents, background_check, update_crm, notify, automated_screening,
        request_human_review, financial_projection, reserve_funds, release_funds,
        finalize_purchase,
    )
}

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], ACTIVITIES))
