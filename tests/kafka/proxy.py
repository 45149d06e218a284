"""TCP proxies for tests: lines, each of which is a port on loopback that stands before another one.

A line can fall silent, as a cut cable does: connections stay open, new ones are accepted, and nothing passes in either direction,
no end of a connection either. What was on its way then comes through when the line is mended, as packets sent again would. It
needs no rights and touches nothing but its own connections.

A line to a Kafka broker may have a Meddler, which reads the frames of Kafka's protocol (length, API key, ...) and decides what
becomes of each request to write records.
"""
import asyncio
import collections
import threading
import typing

PRODUCE = 0  # the API key of such a request
PIECE = 1 << 16
MOST_BYTES = 64 << 20  # of one request


class Proxy:
    """The thread in which all lines run."""

    def __init__(self):
        self.loop, self.lines = asyncio.new_event_loop(), []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, coroutine, seconds=60):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def line(self, target, meddler=None):
        """A line to this port of loopback."""
        made = Line(self, target, meddler)
        self.do(made.listen())
        self.lines.append(made)
        return made

    def close(self):
        async def end():
            for line in self.lines:
                line.server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self.do(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Line:
    def __init__(self, proxy, target, meddler):
        self.proxy, self.target, self.meddler = proxy, target, meddler
        self.serving = set()  # asyncio itself holds tasks only weakly

    async def listen(self):
        self.sound = asyncio.Event()
        self.sound.set()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=512)
        self.port = self.server.sockets[0].getsockname()[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cut(self):
        self.proxy.loop.call_soon_threadsafe(self.sound.clear)

    def mend(self):
        self.proxy.loop.call_soon_threadsafe(self.sound.set)

    async def serve(self, client, to_client):
        task = asyncio.current_task()
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)
        try:
            await self.sound.wait()
            server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
            link = Link(self, to_client, to_server)
            there = link.requests(client) if self.meddler else link.carry(client, to_server)
            await asyncio.gather(there, link.carry(server, to_client))
            to_server.transport.abort()
        except (OSError, asyncio.CancelledError):  # nobody is there, or the proxy ends
            pass
        to_client.transport.abort()


class Link:
    """One connection of a line."""

    def __init__(self, line, to_client, to_server):
        self.line, self.to_client, self.to_server = line, to_client, to_server
        self.answers_pass = True

    def break_off(self):
        """At once, and whatever is still on its way is lost."""
        self.to_client.transport.abort()
        self.to_server.transport.abort()

    async def carry(self, source, to):
        try:
            while True:
                piece = await source.read(PIECE)
                await self.line.sound.wait()
                if not piece:
                    to.write_eof()
                    return
                if to is self.to_client and not self.answers_pass:
                    continue
                to.write(piece)
                await to.drain()
        except (OSError, RuntimeError):
            self.break_off()

    async def requests(self, client):
        try:
            while True:
                length = await client.readexactly(4)
                if int.from_bytes(length, "big") > MOST_BYTES:
                    raise OSError("this is no request of Kafka's")
                request = length + await client.readexactly(int.from_bytes(length, "big"))
                await self.line.sound.wait()
                if int.from_bytes(request[4:6], "big") == PRODUCE and not await self.line.meddler.passes(self, request):
                    continue
                self.to_server.write(request)
                await self.to_server.drain()
        except asyncio.IncompleteReadError:
            await self.line.sound.wait()
            self.to_server.close()
        except (OSError, RuntimeError):
            self.break_off()


class Request(typing.NamedTuple):
    """One to write, of version 3 to 8. It is for one partition of one topic: librdkafka writes no others."""
    broker: int  # the port
    partition: int
    data: bytes


def partition_in(request, topic):
    """After the topic's name: how many partitions, and of each its index, first."""
    return int.from_bytes(request[request.index(topic) + len(topic) + 4:][:4], "big")


class Meddler:
    """What becomes of requests to write to `topic`: they pass until meddle(), which draws a fate for each, or hold(). `fates` says
    how often there was which. Fates are dealt like cards, so that a few dozen requests have had each of them."""

    CARDS = {"passed": 21, "delayed": 4, "again": 3, "answer lost": 1, "lost": 1}
    LONGEST_DELAY_S = 0.8

    def __init__(self, topic, chance):
        self.topic, self.chance = topic.encode(), chance
        self.fates = collections.Counter()
        self.deck = []
        self.held = []  # Request
        self.draws = self.holds = False

    def meddle(self):
        self.draws = True

    def hold(self):
        """From now on no request passes, and the connections on which they come break off."""
        self.holds = True

    def leave(self):
        """From now on all pass. What was held isn't sent."""
        self.draws = self.holds = False

    def deliver(self, proxy):
        """Sends what was held, each request on a connection of its own, in order: (partition, error code of the answer) of each, -1
        where there was no answer."""
        held, self.held = self.held, []
        return [(each.partition, self.error_in(proxy.do(self.send_alone(each.broker, each.data)))) for each in held]

    def error_in(self, answer):
        """After the topic's name: how many partitions, and of each its index and its error code (int16)."""
        return -1 if answer is None else int.from_bytes(answer[answer.index(self.topic) + len(self.topic) + 8:][:2], "big", signed=True)

    def draw(self):
        if self.holds:
            return "held"
        if not self.draws:
            return "passed"
        if not self.deck:
            self.deck = [fate for fate, cards in self.CARDS.items() for _ in range(cards)]
            self.chance.shuffle(self.deck)
        return self.deck.pop()

    async def passes(self, link, request):
        if self.topic not in request:
            return True
        fate = self.draw()
        self.fates[fate] += 1
        if fate == "delayed":
            await asyncio.sleep(self.chance.uniform(0, self.LONGEST_DELAY_S))
        elif fate == "again":
            again = asyncio.ensure_future(self.send_later(link.line.target, request))
            link.line.serving.add(again)
            again.add_done_callback(link.line.serving.discard)
        elif fate == "answer lost":
            link.answers_pass = False
            asyncio.get_running_loop().call_later(self.chance.uniform(0.1, 0.5), link.break_off)
        elif fate == "lost":
            link.break_off()
            return False
        elif fate == "held":
            self.held.append(Request(link.line.target, partition_in(request, self.topic), request))
            link.break_off()
            return False
        return True

    async def send_later(self, port, request):
        await asyncio.sleep(self.chance.uniform(0, 2 * self.LONGEST_DELAY_S))
        await self.send_alone(port, request)

    @staticmethod
    async def send_alone(port, request):
        """The broker's answer without its length, or None when it closes the connection."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            length = await asyncio.wait_for(reader.readexactly(4), 20)
            answer = await asyncio.wait_for(reader.readexactly(int.from_bytes(length, "big")), 20)
            writer.close()
            return answer
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            return None
