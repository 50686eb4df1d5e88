"""The official clients against our own fakes: they are as strict with them as with the real services."""

import json
import signal
import ssl
import subprocess
import time

import anthropic
import azure.core.exceptions
import openai
from azure.identity import ClientSecretCredential, WorkloadIdentityCredential, get_bearer_token_provider

from stage import PATIENCE, ROOT, scenario

SCOPE = "https://cognitiveservices.azure.com/.default"
TOOL = "kubectl_get_by_kind_in_cluster"
TEXT = "All is well."
SCHEMA = {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}


class Fakes:
    """`serve_azure` of `holmes-fakes`; leaving it fails if a client broke a rule of the protocol."""

    def __init__(self, world):
        self.folder = world.folder / "fakes"

    def __enter__(self):
        program = ROOT / "target/debug/examples/serve_azure"
        self.process = subprocess.Popen([program, self.folder, "0", "0", "600"])
        deadline = time.monotonic() + PATIENCE
        file = self.folder / "env"
        while not file.exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "serve_azure does not start"
            time.sleep(0.05)
        lines = [line.removeprefix("export ").split("=", 1) for line in file.read_text().splitlines()]
        self.facts = {name: value.strip("'") for name, value in lines}
        self.authority = self.facts["SSL_CERT_FILE"]
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        file = self.folder / "env"
        file.unlink()
        assert kind is not None or code == 0, "the fakes saw requests that break their protocol"

    def credential(self, kind, **options):
        """A credential of `azure-identity` that asks nobody but the fake."""
        facts = self.facts
        return kind(tenant_id=facts["AZURE_TENANT_ID"], client_id=facts["AZURE_CLIENT_ID"],
                    authority=facts["AZURE_AUTHORITY_HOST"], connection_verify=self.authority,
                    disable_instance_discovery=True, **options)

    def by_secret(self, secret=None):
        return self.credential(ClientSecretCredential, client_secret=secret or self.facts["FAKE_CLIENT_SECRET"])

    def by_token_file(self):
        return self.credential(WorkloadIdentityCredential, token_file_path=self.facts["AZURE_FEDERATED_TOKEN_FILE"])

    def verify(self):
        return ssl.create_default_context(cafile=self.authority)

    def azure(self, **credential):
        """The classic deployment paths."""
        client = openai.DefaultHttpxClient(verify=self.verify())
        return openai.AzureOpenAI(azure_endpoint=self.facts["AZURE_API_BASE"], api_version="2025-04-01-preview",
                                  max_retries=0, http_client=client, **credential)

    def v1(self, **credential):
        client = openai.DefaultHttpxClient(verify=self.verify())
        return openai.OpenAI(base_url=f"{self.facts['AZURE_API_BASE']}/openai/v1", max_retries=0,
                             http_client=client, **credential)


@scenario
def azure_identity_gets_tokens_from_our_entra(world):
    with Fakes(world) as fakes:
        for credential in (fakes.by_secret(), fakes.by_token_file()):
            token = credential.get_token(SCOPE)
            # Projected tokens and access tokens live for two rotations.
            assert 600 < token.expires_on - time.time() <= 1200, token.expires_on
            assert credential.get_token(SCOPE).token == token.token
            other = credential.get_token("https://management.azure.com/.default")
            assert other.token != token.token


@scenario
def azure_identity_reads_the_refusals_of_our_entra(world):
    with Fakes(world) as fakes:
        for credential, scope, number in ((fakes.by_secret("wrong"), SCOPE, "AADSTS7000215"),
                                          (fakes.by_secret(), "https://cognitiveservices.azure.com/", "AADSTS1002012")):
            try:
                credential.get_token(scope)
            except azure.core.exceptions.ClientAuthenticationError as error:
                assert number in error.message, error.message
            else:
                raise AssertionError(f"no {number}")


def chat(client):
    """A question, the call that the model asks for, its result, the answer: each streamed."""
    tools = [{"type": "function", "function": {"name": TOOL, "parameters": SCHEMA}}]
    messages = [{"role": "user", "content": "how are the pods?"}]
    with client.chat.completions.stream(model="interop", messages=messages, tools=tools,
                                        stream_options={"include_usage": True}) as stream:
        first = stream.get_final_completion()
    [choice] = first.choices
    [call] = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls" and call.function.name == TOOL, first
    assert json.loads(call.function.arguments) == {"kind": "pod"} and first.usage.total_tokens > 0, first
    messages += [{"role": "assistant", "content": None, "tool_calls": [call.model_dump(include={"id", "type", "function"})]},
                 {"role": "tool", "tool_call_id": call.id, "content": "three pods"}]
    with client.chat.completions.stream(model="interop", messages=messages, tools=tools) as stream:
        [choice] = stream.get_final_completion().choices
    assert choice.finish_reason == "stop" and choice.message.content == TEXT, choice
    whole = client.chat.completions.create(model="interop", messages=messages, tools=tools)
    assert whole.choices[0].message.content == TEXT and whole.usage.completion_tokens > 0, whole


def responses(client):
    """The same over Responses."""
    tools = [{"type": "function", "name": TOOL, "parameters": SCHEMA, "strict": False}]
    items = [{"role": "user", "content": "how are the pods?"}]
    with client.responses.stream(model="interop", input=items, tools=tools, store=False) as stream:
        kinds = [event.type for event in stream]
        first = stream.get_final_response()
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds
    [call] = [item for item in first.output if item.type == "function_call"]
    assert call.name == TOOL and json.loads(call.arguments) == {"kind": "pod"}, first
    items += [{"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
              {"type": "function_call_output", "call_id": call.call_id, "output": "three pods"}]
    with client.responses.stream(model="interop", input=items, tools=tools, store=False) as stream:
        kinds = [event.type for event in stream]
        last = stream.get_final_response()
    assert "response.output_text.delta" in kinds and last.output_text == TEXT, kinds
    assert last.status == "completed" and last.usage.total_tokens > 0, last
    whole = client.responses.create(model="interop", input=items, tools=tools, store=False)
    assert whole.output_text == TEXT, whole


@scenario
def the_openai_client_talks_to_our_deployments(world):
    with Fakes(world) as fakes:
        key = fakes.facts["FAKE_API_KEY"]
        provider = get_bearer_token_provider(fakes.by_token_file(), SCOPE)
        for client in (fakes.azure(api_key=key), fakes.azure(azure_ad_token_provider=provider)):
            chat(client)
            responses(client)


@scenario
def the_openai_client_talks_to_our_v1_path(world):
    with Fakes(world) as fakes:
        client = fakes.v1(api_key=get_bearer_token_provider(fakes.by_secret(), SCOPE))
        chat(client)
        responses(client)
        assert [model.id for model in client.models.list()], "no models"


@scenario
def the_openai_client_reads_the_refusals_of_our_models(world):
    with Fakes(world) as fakes:
        messages = [{"role": "user", "content": "?"}]
        token = fakes.by_secret().get_token("https://management.azure.com/.default").token
        for client in (fakes.azure(api_key="wrong"), fakes.azure(azure_ad_token=token)):
            try:
                client.chat.completions.create(model="interop", messages=messages)
            except openai.AuthenticationError as error:
                assert error.status_code == 401 and error.body["message"], error
            else:
                raise AssertionError("nobody was refused")


@scenario
def the_client_for_claude_in_foundry_talks_to_our_messages(world):
    with Fakes(world) as fakes:
        base = f"{fakes.facts['AZURE_API_BASE']}/anthropic"
        provider = get_bearer_token_provider(fakes.by_secret(), SCOPE)
        client = anthropic.AnthropicFoundry(base_url=base, azure_ad_token_provider=provider, max_retries=0,
                                            http_client=anthropic.DefaultHttpxClient(verify=fakes.verify()))
        tools = [{"name": TOOL, "input_schema": SCHEMA}]
        messages = [{"role": "user", "content": "how are the pods?"}]
        with client.messages.stream(model="interop", max_tokens=100, messages=messages, tools=tools) as stream:
            first = stream.get_final_message()
        [call] = [block for block in first.content if block.type == "tool_use"]
        assert first.stop_reason == "tool_use" and call.name == TOOL and call.input == {"kind": "pod"}, first
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "three pods"}
        messages += [{"role": "assistant", "content": [call.model_dump(include={"type", "id", "name", "input"})]},
                     {"role": "user", "content": [result]}]
        with client.messages.stream(model="interop", max_tokens=100, messages=messages, tools=tools) as stream:
            last = stream.get_final_message()
        assert last.stop_reason == "end_turn" and last.content[0].text == TEXT, last
        assert last.usage.output_tokens > 0, last
