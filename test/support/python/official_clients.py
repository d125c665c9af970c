"""Asks Weir with the official clients for Python, streamed and whole, over an upstream of each format.

Prints one JSON object a line: client, upstream, how it was asked, how many events came, and the answer.
"""

import json
import sys

import anthropic
import openai

URL, MODELS = sys.argv[1], json.loads(sys.argv[2])
HELLO = [{"role": "user", "content": "Hi"}]

openai_client = openai.OpenAI(base_url=f"{URL}/v1", api_key="any", max_retries=0)
anthropic_client = anthropic.Anthropic(base_url=URL, api_key="any", max_retries=0)


def of_chat(answer):
    [choice] = answer.choices
    calls = [[call.function.name, call.function.arguments] for call in choice.message.tool_calls or []]
    usage = [answer.usage.prompt_tokens, answer.usage.completion_tokens]
    more = choice.message.model_extra or {}
    reasoning = more.get("reasoning_content") or more.get("reasoning")
    return [reasoning, choice.message.content, calls, choice.finish_reason, usage]


def of_responses(answer):
    said = []
    for item in answer.output:
        if item.type == "message":
            said.append([part.text for part in item.content])
        elif item.type == "function_call":
            said.append([item.name, item.arguments])
        else:
            said.append([item.type, [part.text for part in item.summary]])
    return [said, answer.status, [answer.usage.input_tokens, answer.usage.output_tokens]]


def of_messages(answer):
    said = []
    for block in answer.content:
        if block.type == "text":
            said.append(block.text)
        elif block.type == "thinking":
            said.append([block.type, block.thinking])
        else:
            said.append([block.type, block.name, block.input])
    usage = answer.usage
    read = [usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens]
    return [said, answer.stop_reason, read]


def chat(model, how):
    if how == "whole":
        return 1, of_chat(openai_client.chat.completions.create(model=model, messages=HELLO))
    events = 0
    options = {"include_usage": True}
    with openai_client.chat.completions.stream(model=model, messages=HELLO, stream_options=options) as stream:
        for _ in stream:
            events += 1
        return events, of_chat(stream.get_final_completion())


def responses(model, how):
    if how == "whole":
        return 1, of_responses(openai_client.responses.create(model=model, input=HELLO))
    events = 0
    with openai_client.responses.stream(model=model, input=HELLO) as stream:
        for _ in stream:
            events += 1
        return events, of_responses(stream.get_final_response())


def messages(model, how):
    if how == "whole":
        return 1, of_messages(anthropic_client.messages.create(model=model, messages=HELLO, max_tokens=100))
    events = 0
    with anthropic_client.messages.stream(model=model, messages=HELLO, max_tokens=100) as stream:
        for _ in stream:
            events += 1
        return events, of_messages(stream.get_final_message())


for name, ask in {"chat": chat, "responses": responses, "messages": messages}.items():
    for upstream, model in MODELS.items():
        for how in ("whole", "streamed"):
            events, answer = ask(model, how)
            print(json.dumps({"client": name, "upstream": upstream, "how": how, "events": events, "answer": answer}))
