"""The request messages of `v1internal`: names and types, as the service has them.

Field names are the wire's in camel case and nothing else is accepted (seed: `system_instruction`,
`messages` and so on are unknown names). `strict` reads them, `checks` judges what they ask for.
"""

from typing import Any

from msgspec import Struct


class Message(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A message of the wire; every field may be missing or null."""


class Blob(Message, frozen=True):
    mime_type: str | None = None
    data: str | None = None


class FileData(Message, frozen=True):
    mime_type: str | None = None
    file_uri: str | None = None


class FunctionCall(Message, frozen=True):
    name: str | None = None
    args: dict[str, Any] | None = None
    id: str | None = None


class FunctionResponse(Message, frozen=True):
    name: str | None = None
    id: str | None = None
    response: dict[str, Any] | None = None


class ExecutableCode(Message, frozen=True):
    language: str | None = None
    code: str | None = None


class CodeExecutionResult(Message, frozen=True):
    outcome: str | None = None
    output: str | None = None


class Part(Message, frozen=True):
    """Exactly one kind of content, and the marks that may stand beside it."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeExecutionResult | None = None
    thought: bool | None = None
    thought_signature: str | None = None


class Content(Message, frozen=True):
    role: str | None = None
    parts: list[Part] | None = None


class FunctionDeclaration(Message, frozen=True):
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    response: dict[str, Any] | None = None


class Nothing(Message, frozen=True):
    """A message without fields: `{}` switches something on."""


class Tool(Message, frozen=True):
    function_declarations: list[FunctionDeclaration] | None = None
    google_search: Nothing | None = None
    google_search_retrieval: dict[str, Any] | None = None
    url_context: Nothing | None = None
    code_execution: Nothing | None = None


class FunctionCallingConfig(Message, frozen=True):
    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(Message, frozen=True):
    function_calling_config: FunctionCallingConfig | None = None


class ThinkingConfig(Message, frozen=True):
    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class ImageConfig(Message, frozen=True):
    aspect_ratio: str | None = None
    image_size: str | None = None


class GenerationConfig(Message, frozen=True):
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    candidate_count: int | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    response_logprobs: bool | None = None
    logprobs: int | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_modalities: list[str] | None = None
    thinking_config: ThinkingConfig | None = None
    image_config: ImageConfig | None = None
    media_resolution: str | None = None


class SafetySetting(Message, frozen=True):
    category: str | None = None
    threshold: str | None = None


class CountedRequest(Message, frozen=True):
    """What countTokens takes: a request without anything that isn't counted."""

    contents: list[Content] | None = None
    system_instruction: Content | None = None
    tools: list[Tool] | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig | None = None


class Request(CountedRequest, frozen=True):
    safety_settings: list[SafetySetting] | None = None
    session_id: str | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None


class GenerateBody(Message, frozen=True):
    """The envelope of generateContent and streamGenerateContent."""

    project: str | None = None
    model: str | None = None
    request: Request | None = None
    user_agent: str | None = None
    request_type: str | None = None
    request_id: str | None = None
    enabled_credit_types: list[str] | None = None


class CountBody(Message, frozen=True):
    request: CountedRequest | None = None


class ClientMetadata(Message, frozen=True):
    """Names as strings, or their numbers (spec/antigravity-upstream.md 2.1)."""

    ide_type: str | int | None = None
    ide_version: str | None = None
    platform: str | int | None = None
    plugin_type: str | int | None = None
    plugin_version: str | None = None
    duet_project: str | None = None


class LoadBody(Message, frozen=True):
    cloudaicompanion_project: str | None = None
    metadata: ClientMetadata | None = None
    mode: str | int | None = None


class OnboardBody(Message, frozen=True):
    tier_id: str | None = None
    cloudaicompanion_project: str | None = None
    metadata: ClientMetadata | None = None


class ModelsBody(Message, frozen=True):
    project: str | None = None
