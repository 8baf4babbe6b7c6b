#!/usr/bin/env python3
"""An ordinary NATS micro-service, which knows nothing of workflows.

usage: service.py NATS_URL SUBJECT

An activity with the task queue `nats:SUBJECT` calls it. It sees the payload's bytes; the
idempotency key comes in a header, so that a repeated attempt charges once.
"""
import asyncio
import json
import signal
import sys

import nats
from nats.micro import add_service

charged = {}


async def charge(request):
    order = json.loads(request.data)
    if order.get("amount", 0) <= 0:
        return await request.respond_error("400", f"cannot charge {order.get('amount')}")
    key = (request.headers or {}).get("Sf-Idempotency-Key", "")
    receipt = charged.setdefault(key, f"receipt-{len(charged) + 1}")
    await request.respond(json.dumps({"receipt": receipt, "amount": order["amount"]}).encode())


async def main(url, subject):
    client = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.2)
    service = await add_service(client, name="charge", version="1.0.0")
    await service.add_endpoint(name="charge", subject=subject, handler=charge)
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    print("ready", flush=True)
    await stopping.wait()
    await service.stop()
    await client.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
