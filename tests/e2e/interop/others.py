"""holmes-host against servers that others wrote."""

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request

from stage import PATIENCE, ROOT, scenario

SCOPE = "https://cognitiveservices.azure.com/.default"
ANSWER = "The **worker** exceeds its memory."
FOUND = "worker-598d75d5d9-69pzv"


def investigated(ran):
    """The program called the tool that the model asked for, and printed what the model made of it."""
    code, stdout, stderr = ran
    assert code == 0, stderr
    document = json.loads(stdout)
    assert document["answer_markdown"] == ANSWER, document
    assert [call["tool"] for call in document["tool_calls"]] == ["kubectl_find_resource"], document
    return document


def conversation(world, path, credential):
    """Two streamed requests to this path: a question with tools, then the same with the tool's result."""
    requests = world.servers.seen()["models"]
    seen = [(request["path"], request["credential"]) for request in requests]
    assert seen == [(path, credential)] * 2, seen
    bodies = [json.loads(request["body"]) for request in requests]
    assert all(body["stream"] is True and body["tools"] for body in bodies), bodies
    assert FOUND not in requests[0]["body"] and FOUND in requests[1]["body"], bodies


@scenario
def an_investigation_over_the_deployment_path_with_a_key(world):
    entry = world.model_list(api_version="2025-01-01-preview", api_key=world.servers.facts["apiKey"])
    usage = investigated(world.ask(entry))["usage"]
    assert usage["prompt_tokens"] > 0 and usage["completion_tokens"] > 0, usage
    path = "/openai/deployments/interop/chat/completions?api-version=2025-01-01-preview"
    conversation(world, path, "api-key")


@scenario
def an_investigation_over_the_v1_path_with_a_key(world):
    investigated(world.ask(world.model_list(api_key=world.servers.facts["apiKey"])))
    conversation(world, "/openai/v1/chat/completions", "api-key")


@scenario
def an_investigation_over_responses_with_a_key(world):
    investigated(world.ask(world.model_list(api="responses", api_key=world.servers.facts["apiKey"])))
    conversation(world, "/openai/v1/responses", "api-key")


@scenario
def an_investigation_over_the_dated_responses_path_with_a_key(world):
    key = world.servers.facts["apiKey"]
    entry = world.model_list(api="responses", api_version="2025-04-01-preview", api_key=key)
    investigated(world.ask(entry))
    conversation(world, "/openai/responses?api-version=2025-04-01-preview", "api-key")


@scenario
def an_investigation_with_claude_in_foundry_with_a_key(world):
    facts = world.servers.facts
    entry = world.model_list(model="azure_ai/claude-interop", api_base=f"{facts['models']}/anthropic",
                             api_key=facts["apiKey"])
    investigated(world.ask(entry))
    conversation(world, "/anthropic/v1/messages", "x-api-key")


@scenario
def a_wrong_key_is_one_request_and_exit_2(world):
    code, stdout, _ = world.ask(world.model_list(api_key="not-the-key"))
    assert code == 2 and json.loads(stdout)["error"], stdout
    assert [request["status"] for request in world.servers.seen()["models"]] == [401]


@scenario
def a_throttled_request_is_repeated_after_the_wait_it_was_told(world):
    for fields in ({"api_version": "2025-01-01-preview"}, {"api": "responses"},
                   {"model": "azure_ai/claude", "api_base": f"{world.servers.facts['models']}/anthropic"}):
        world.servers.order("reset")
        world.servers.order("refuse-once", {"status": 429, "body": {"message": "slow down", "code": "429"}})
        started = time.monotonic()
        investigated(world.ask(world.model_list(api_key=world.servers.facts["apiKey"], **fields)))
        statuses = [request["status"] for request in world.servers.seen()["models"]]
        assert statuses == [429, 200, 200], statuses
        # aimock says `retry-after: 1`.
        assert time.monotonic() - started >= 1


@scenario
def a_projected_token_is_exchanged_once_and_the_models_see_the_token_of_the_sts(world):
    for fields, path in (({}, "/openai/v1/chat/completions"), ({"api": "responses"}, "/openai/v1/responses")):
        world.servers.order("reset")
        investigated(world.ask({**world.pod(), **world.model_list(**fields)}))
        conversation(world, path, "bearer")
        [exchange] = world.servers.seen()["sts"]
        assert exchange["proof"] == "assertion" and exchange["scope"] == SCOPE, exchange
        assert "client_secret" not in exchange["form"], exchange


@scenario
def a_client_secret_of_the_environment_or_of_the_entry_buys_a_token(world):
    client, tenant = world.servers.facts["client"], world.servers.facts["tenant"]
    of_entry = {"tenant_id": tenant, "client_id": client["id"], "client_secret": client["secret"]}
    authority = {"AZURE_AUTHORITY_HOST": world.servers.facts["authority"]}
    for surroundings in ({**world.entra(AZURE_CLIENT_SECRET=client["secret"]), **world.model_list()},
                         {**authority, **world.model_list(**of_entry)}):
        world.servers.order("reset")
        investigated(world.ask(surroundings))
        conversation(world, "/openai/v1/chat/completions", "bearer")
        [exchange] = world.servers.seen()["sts"]
        assert exchange["proof"] == "secret" and exchange["scope"] == SCOPE, exchange


def refused(number, text, status=400, error="invalid_client"):
    """An error of Entra, with the line ends that its texts have."""
    text = f"AADSTS{number}: {text} Trace ID: 0f9d\r\nCorrelation ID: 7c1e\r\nTimestamp: 2026-01-02 03:04:05Z"
    return {"status": status, "body": {"error": error, "error_description": text, "error_codes": [number],
                                       "trace_id": "0f9d", "correlation_id": "7c1e"}}


def untrusted():
    """What Entra says of a subject that no federated credential names, with the line ends that its texts have."""
    text = ("AADSTS700213: No matching federated identity record found for presented assertion subject. "
            "Trace ID: 0f9d\r\nCorrelation ID: 7c1e\r\nTimestamp: 2026-01-02 03:04:05Z")
    return {"status": 401, "body": {"error": "invalid_client", "error_description": text, "error_codes": [700213],
                                    "trace_id": "0f9d", "correlation_id": "7c1e"}}


@scenario
def an_untrusted_subject_is_one_exchange_and_exit_2(world):
    world.servers.order("refuse-tokens", untrusted())
    code, stdout, stderr = world.ask({**world.pod(), **world.model_list()})
    assert code == 2 and "AADSTS700213" in json.loads(stdout)["error"]["message"], stdout
    assert [line for line in stderr.splitlines() if line.startswith("error: ") and "AADSTS700213" in line], stderr
    seen = world.servers.seen()
    assert len(seen["sts"]) == 1 and seen["models"] == [], seen


@scenario
def auth_check_names_the_command_that_mends_an_untrusted_subject(world):
    world.servers.order("refuse-tokens", untrusted())
    code, stdout, _ = world.run(["auth", "check"], {**world.pod(), **world.model_list()})
    assert code != 0, stdout
    for word in ("AADSTS700213", "system:serviceaccount:holmes:holmes-host", "https://oidc.example/interop/",
                 "az identity federated-credential create"):
        assert word in stdout, f"{word}: {stdout}"


@scenario
def auth_check_passes_and_its_last_line_is_the_one_of_the_tutorial(world):
    code, stdout, stderr = world.run(["auth", "check", "--chat"], {**world.pod(), **world.model_list()})
    assert code == 0, stdout + stderr
    assert stdout.splitlines()[-1] == "Connect to Azure OpenAI service succeeded.", stdout


@contextlib.contextmanager
def serving(world):
    """The program as a server, with a projected token; yields a function that asks it."""
    recording = ROOT / "examples/clusters/oom-crashloop.tar.gz"
    surroundings = {**world.pod(), **world.model_list()}
    log = world.folder / "server.log"
    with log.open("w") as stderr:
        server = world.start(["run", "--port", "0", "--snapshot", str(recording)], surroundings,
                             stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        base = listening(log)

        def ask():
            body = json.dumps({"ask": "say something"}).encode()
            request = urllib.request.Request(f"{base}/api/chat", body, {"content-type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    text = answer.read().decode()
            except urllib.error.HTTPError as error:
                raise AssertionError(f"{error}: {log.read_text()}") from None
            world.clean(text)
            assert json.loads(text)["analysis"] == "Ready.", text

        yield ask
    finally:
        server.terminate()
        server.wait(PATIENCE)
    world.clean(log.read_text())


def listening(log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.startswith("listening on "):
                return line.split(" ")[2]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@scenario
def a_token_that_is_about_to_end_is_exchanged_again_and_nobody_is_refused(world):
    world.servers.order("lifetime", 3)
    with serving(world) as ask:
        started, asked = time.monotonic(), 0
        while time.monotonic() - started < 10:
            ask()
            asked += 1
    seen = world.servers.seen()
    assert {request["credential"] for request in seen["models"]} == {"bearer"}, seen["models"]
    # Three seconds of life: a few tokens, and by far not one for each question.
    assert asked >= 15 and 3 <= len(seen["sts"]) <= 10, f"{asked} asked, {len(seen['sts'])} exchanges"


@scenario
def a_token_that_the_service_takes_back_is_replaced_once_whatever_the_service_calls_it(world):
    with serving(world) as ask:
        ask()
        # aimock says `Invalid API key` of a token, too.
        world.servers.order("revoke")
        ask()
    seen = world.servers.seen()
    assert [request["status"] for request in seen["models"]] == [200, 401, 200], seen["models"]
    assert len(seen["sts"]) == 2, seen["sts"]
