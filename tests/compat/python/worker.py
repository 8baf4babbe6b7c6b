"""The shop's worker alone, until it is ended: python worker.py ADDRESS NAMESPACE QUEUE; says `ready`."""

import asyncio
import logging
import signal
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from workflows import ACTIVITIES, WORKFLOWS


async def main(address: str, namespace: str, queue: str) -> None:
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # failures are part of the play
    client = await Client.connect(address, namespace=namespace, identity="worker")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with Worker(client, task_queue=queue, workflows=WORKFLOWS, activities=ACTIVITIES):
        print("ready", flush=True)
        await ended.wait()


asyncio.run(main(*sys.argv[1:]))
