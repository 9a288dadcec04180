"""The Python client of FlowTime's HTTP API, version 1: typed, synchronous or asynchronous, no Django."""

from flowtime.client.clients import AsyncClient, Client
from flowtime.client.errors import ClientError, Refused, TimedOut, Unreachable

__all__ = ["AsyncClient", "Client", "ClientError", "Refused", "TimedOut", "Unreachable"]
