"""Many first requests at once do not freeze an instance whose client has yet to connect."""

import asyncio
from pathlib import Path
from uuid import uuid4

import httpx

from infra.local import pubsub
from shared import wiring
from shared.settings import PREFIX, Settings
from tests.e2e.alone import on_gcp, running
from tests.functions.test_recommend import publish


async def test_fifty_first_requests_of_a_cold_instance_are_answered(
    on_emulators: dict[str, str], tmp_path: Path
) -> None:
    project = f"test-{uuid4().hex[:12]}"
    pubsub.create_topics(project)
    documents = wiring.documents(Settings(backend="gcp", project=project))
    await publish(documents)
    await documents.close()
    hosts = on_emulators["FIRESTORE_EMULATOR_HOST"], on_emulators["PUBSUB_EMULATOR_HOST"]
    patient = {f"{PREFIX}RECOMMEND_DEADLINE_MS": "20000"}  # a busy machine is no frozen one
    with running(["recommend"], tmp_path, on_gcp(project, *hosts) | patient) as functions:
        url = f"{functions['recommend'].url}/v1/recommendations"
        async with httpx.AsyncClient(timeout=40, limits=httpx.Limits(max_connections=50)) as client:
            asked = (client.get(url, params={"user_id": f"u{number}", "n": 5}) for number in range(50))
            answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    assert not any(answer.json()["degraded"] for answer in answers)
    assert all(len(answer.json()["items"]) == 5 for answer in answers)
