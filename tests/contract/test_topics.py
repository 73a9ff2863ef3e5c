"""What the Topics port promises, on every backend."""

from collections import Counter

import pytest

from shared import wiring
from shared.errors import RetryableError
from shared.settings import Settings
from shared.stores.ports import Message, Topics
from tests.contract.subscribers import create_topic, subscribe

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def topic(settings: Settings) -> str:
    create_topic(settings, "events")
    return "events"


async def test_every_message_reaches_every_subscription(settings: Settings, topics: Topics, topic: str) -> None:
    subscribers = [subscribe(settings, topic, name) for name in ("first", "second")]
    messages = [Message(f"{n}".encode()) for n in range(20)]
    await topics.publish(topic, messages)
    await topics.publish(topic, [Message(b"20")])
    for subscriber in subscribers:
        taken = await subscriber.read(21)
        assert {message.data for message in taken} == {f"{n}".encode() for n in range(21)}


async def test_data_key_and_attributes_arrive(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    message = Message(b"\x00\xff", "user/é", {"kind": "click", "empty": ""})
    await topics.publish(topic, [message, message._replace(data=b"2")])
    assert sorted(await subscriber.read(2)) == sorted([message, message._replace(data=b"2")])


async def test_messages_of_several_keys_arrive(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    messages = {f"{n}".encode(): f"key{n % 3}" for n in range(9)}
    await topics.publish(topic, [Message(data, key) for data, key in messages.items()])
    taken = await subscriber.read(9)
    assert {message.data for message in taken} == messages.keys()
    # Pub/Sub takes one key per request, so that such a batch goes without; never with another's.
    assert all(message.key in ("", messages[message.data]) for message in taken)


async def test_messages_of_one_key_arrive_in_order(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    for n in range(5):
        await topics.publish(topic, [Message(f"{n}".encode(), "key")])
    assert [message.data for message in await subscriber.read(5)] == [f"{n}".encode() for n in range(5)]


async def test_a_publish_takes_any_number(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    await topics.publish(topic, [])
    await topics.publish(topic, [Message(f"{n}".encode()) for n in range(2_100)])
    assert len({message.data for message in await subscriber.read(2_100)}) == 2_100


async def test_what_is_not_acked_comes_again(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    await topics.publish(topic, [Message(b"1", "", {"a": "b"})])
    first = await subscriber.refuse()
    assert await subscriber.read(1) == first[:1]


async def test_what_was_published_is_there_after_reopening(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    await topics.publish(topic, [Message(b"1"), Message(b"2")])
    await wiring.close_all()
    await wiring.topics(settings).publish(topic, [Message(b"3")])
    assert Counter(message.data for message in await subscriber.read(3)) == Counter([b"1", b"2", b"3"])


async def test_a_topic_that_does_not_exist_yet_is_retryable(on_emulators: dict[str, str]) -> None:
    topics = wiring.topics(Settings(backend="gcp", project="nothing-here"))
    with pytest.raises(RetryableError, match="topic events does not exist"):
        await topics.publish("events", [Message(b"1")])


async def test_a_dead_server_is_retryable(dead_settings: Settings) -> None:
    with pytest.raises(RetryableError, match="topic events"):
        await wiring.topics(dead_settings).publish("events", [Message(b"1")])


async def test_a_check_publishes_nothing(settings: Settings, topics: Topics, topic: str) -> None:
    subscriber = subscribe(settings, topic, "first")
    await topics.check(topic)
    await topics.publish(topic, [Message(b"1")])
    assert [message.data for message in await subscriber.read(1)] == [b"1"]
