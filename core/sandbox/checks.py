"""What a readable generate request may not ask for (seed; spec/antigravity-upstream.md 5, 6 and 9.4).

Each check raises ApiError 400 in the service's words. Reading the JSON itself is `strict`.
"""

import re
from typing import Any, Final

from core.sandbox import sequence
from core.sandbox.catalogue import Model
from core.sandbox.errors import Violation, anthropic_invalid, invalid, violations
from core.sandbox.messages import (
    Content,
    FunctionDeclaration,
    GenerationConfig,
    Part,
    Request,
    Tool,
    ToolConfig,
)
from core.sandbox.schema_check import check_schema, has_empty_object, missing_parts
from core.sandbox.strict import wrong_value

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_NAME_RULE: Final = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), "
    "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)
_MODES: Final = {"MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"}
_LEVELS: Final = {"minimal", "low", "medium", "high"}
_CATEGORIES: Final = {
    "HARM_CATEGORY_" + name
    for name in (
        "UNSPECIFIED",
        "HARASSMENT",
        "HATE_SPEECH",
        "SEXUALLY_EXPLICIT",
        "DANGEROUS_CONTENT",
        "CIVIC_INTEGRITY",
    )
}
_THRESHOLDS: Final = {
    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
    "OFF",
    "BLOCK_NONE",
    "BLOCK_ONLY_HIGH",
    "BLOCK_MEDIUM_AND_ABOVE",
    "BLOCK_LOW_AND_ABOVE",
}
_RATIOS: Final = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
_PICTURE_SIZES: Final = {"1K", "2K", "4K"}
_DATA: Final = (
    "text",
    "inline_data",
    "file_data",
    "function_call",
    "function_response",
    "executable_code",
    "code_execution_result",
)
_CONFIG: Final = "request.generation_config"


def check_request(request: Request, model: Model) -> None:
    """Refuse what `model` can't be asked. Raises ApiError 400."""
    check_contents(request.contents, request.system_instruction)
    declared = check_tools(request.tools, request.tool_config, model)
    config = request.generation_config
    if config:
        _check_sampling(config, model)
        _check_thinking(config, model)
        _check_output(config, model)
    for at, setting in enumerate(request.safety_settings or []):
        _check_word(setting.category, _CATEGORIES, f"request.safety_settings[{at}].category")
        _check_word(setting.threshold, _THRESHOLDS, f"request.safety_settings[{at}].threshold")
    if model.draws:
        _check_picture(request, model)
    contents = request.contents or []
    sequence.check_calls(contents)
    if model.claude:
        thinking = config.thinking_config if config else None
        sequence.check_claude(contents, bool(thinking and thinking.thinking_budget), declared)
    elif model.signed:
        sequence.check_signatures(contents)


def check_contents(contents: list[Content] | None, system: Content | None) -> None:
    """Roles are user and model, every turn has parts, every part exactly one kind of content."""
    if not contents:
        raise invalid("* GenerateContentRequest.contents: contents is not specified\n")
    for at, content in enumerate(contents):
        if content.role not in ("user", "model", None):
            raise invalid("Please use a valid role: user, model.")
        if content.role is None and len(contents) > 1:
            raise invalid("Please use a valid role: user, model.")
        _check_parts(content.parts, f"contents[{at}]")
    if system:
        _check_parts(system.parts, "system_instruction")


def _check_parts(parts: list[Part] | None, path: str) -> None:
    if not parts:
        raise invalid(f"* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n")
    for at, part in enumerate(parts):
        kinds = [kind for kind in _DATA if getattr(part, kind) is not None]
        where = f"{path}.parts[{at}]"
        if len(kinds) > 1:
            raise violations(
                [
                    Violation(
                        f"request.{where}",
                        f"Invalid value at 'request.{where}' (oneof), oneof field 'data' is already set. "
                        f"Cannot set '{kinds[1]}'",
                    )
                ]
            )
        if not kinds and not part.thought_signature:
            raise invalid(
                f"* GenerateContentRequest.{where}.data: required oneof field 'data' must have one "
                "initialized field\n"
            )
        _check_blob(part, where)


def _check_blob(part: Part, where: str) -> None:
    blob = part.inline_data
    if blob is None:
        return
    if not blob.mime_type:
        raise invalid(f"* GenerateContentRequest.{where}.inline_data.mime_type: mime type is required\n")
    if not blob.data or not sequence.is_base64(blob.data):
        field = f"request.{where}.inline_data.data"
        shown = (blob.data or "")[:40]
        wrong = f"Invalid value at '{field}' (TYPE_BYTES), Base64 decoding failed for \"{shown}\""
        raise violations([Violation(field, wrong)])


def check_tools(tools: list[Tool] | None, config: ToolConfig | None, model: Model) -> set[str]:
    """Names, schemas and combinations of `tools`. Returns the declared function names."""
    declarations: list[FunctionDeclaration] = []
    found: list[Violation] = []
    searches = False
    for at, tool in enumerate(tools or []):
        if tool.google_search_retrieval is not None:
            raise invalid("google_search_retrieval is not supported. Please use google_search tool instead.")
        searches = searches or tool.google_search is not None or tool.url_context is not None
        for place, one in enumerate(tool.function_declarations or []):
            path = f"request.tools[{at}].function_declarations[{place}]"
            for key in ("parameters", "response"):
                schema: dict[str, Any] | None = getattr(one, key)
                if schema is not None:
                    found += check_schema(schema, f"{path}.{key}")
            declarations.append(one)
    if found:
        raise violations(found)
    if searches and declarations:
        raise invalid("Multiple tools are supported only when they are all search tools.")
    names = _check_declarations(declarations)
    _check_mode(config, names, model, declarations)
    return names


def _check_declarations(declarations: list[FunctionDeclaration]) -> set[str]:
    names: set[str] = set()
    wrong: list[str] = []
    for at, one in enumerate(declarations):
        path = f"GenerateContentRequest.tools[0].function_declarations[{at}]"
        name = one.name or ""
        if not _NAME.fullmatch(name):
            wrong.append(f"* {path}.name: {_NAME_RULE}")
        elif name in names:
            raise invalid(f"Duplicate function declaration found: {name}")
        names.add(name)
        if one.parameters is not None:
            if str(one.parameters.get("type", "")).lower() != "object":
                wrong.append(f"* {path}.parameters: only OBJECT type is allowed for function parameters")
            wrong += missing_parts(one.parameters, f"{path}.parameters")
    if wrong:
        raise invalid("\n".join(wrong) + "\n")
    return names


def _check_mode(
    config: ToolConfig | None, names: set[str], model: Model, declarations: list[FunctionDeclaration]
) -> None:
    calling = config.function_calling_config if config else None
    if calling is None:
        return
    _check_word(calling.mode, _MODES, "request.tool_config.function_calling_config.mode")
    if not names:
        if calling.mode in ("ANY", "VALIDATED"):
            raise invalid("Function calling config is set without function_declarations.")
        return
    allowed = calling.allowed_function_names or []
    if allowed and calling.mode not in ("ANY", "VALIDATED"):
        raise invalid("Function calling config's allowed_function_names should be set only in mode ANY.")
    if not set(allowed) <= names:
        raise invalid("allowed_function_names should be a subset of the declared function names.")
    if model.claude and calling.mode == "VALIDATED":
        for at, one in enumerate(declarations):
            if one.parameters is not None and has_empty_object(one.parameters):
                raise anthropic_invalid(
                    f"tools.{at}.custom.input_schema: JSON schema is invalid. An object needs properties.",
                    model.id,
                )


def _check_sampling(config: GenerationConfig, model: Model) -> None:
    for name, value, low, high in (
        ("temperature", config.temperature, 0.0, 2.0),
        ("topP", config.top_p, 0.0, 1.0),
        ("topK", config.top_k, 1, 1000),
        ("maxOutputTokens", config.max_output_tokens, 1, model.max_output),
        ("presencePenalty", config.presence_penalty, -2.0, 2.0),
        ("frequencyPenalty", config.frequency_penalty, -2.0, 2.0),
    ):
        if value is not None and not low <= value <= high:
            raise invalid(
                f"Unable to submit request because it has a {name} value of {value:g} but the supported "
                f"range is from {low:g} (inclusive) to {high:g} (inclusive). Update the value and try again."
            )
    if (config.candidate_count or 1) != 1:
        raise invalid("Multiple candidates is not enabled for this model")
    if len(config.stop_sequences or []) > 5:
        raise invalid("The number of stop sequences exceeds the maximum of 5.")
    if model.claude and config.temperature is not None and config.temperature > 1:
        raise anthropic_invalid("temperature: range: 0..1", model.id)


def _check_thinking(config: GenerationConfig, model: Model) -> None:
    thinking = config.thinking_config
    if thinking is None:
        return
    budget, level = thinking.thinking_budget, thinking.thinking_level
    if model.thinks == "never" and (budget or level or thinking.include_thoughts):
        raise invalid(f"Thinking is not enabled for models/{model.id}")
    if budget is not None and level is not None:
        raise invalid("You can only set only one of thinking budget and thinking level.")
    if level is not None:
        _check_word(level.lower(), _LEVELS, f"{_CONFIG}.thinking_config.thinking_level")
        if not model.level:
            raise invalid("Thinking level is not supported for this model.")
    if budget is None:
        return
    if budget < -1 or budget > model.budget or (model.claude and budget < 1024):
        raise invalid(f"The thinking budget {budget} is invalid. Please choose a value in the model's range.")
    most = config.max_output_tokens
    if most is not None and most <= budget:
        words = "`max_tokens` must be greater than `thinking.budget_tokens`."
        raise (
            anthropic_invalid(words, model.id)
            if model.claude
            else invalid(f"max_output_tokens ({most}) must be greater than thinking_budget ({budget}).")
        )


def _check_output(config: GenerationConfig, model: Model) -> None:
    for key in ("response_schema", "response_json_schema"):
        schema: dict[str, Any] | None = getattr(config, key)
        if schema is None:
            continue
        if found := check_schema(schema, f"{_CONFIG}.{key}"):
            raise violations(found)
        if model.claude or model.family == "gpt-oss":
            raise invalid(f"Response schema is not supported for models/{model.id}")
        if config.response_mime_type not in ("application/json", "text/x.enum"):
            raise invalid("Response schema requires response_mime_type to be application/json.")
    if config.response_mime_type not in (None, "text/plain", "application/json", "text/x.enum"):
        raise invalid(
            "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are "
            "`text/plain`, `application/json` and `text/x.enum`.\n"
        )
    for modality in config.response_modalities or []:
        if modality.upper() != "TEXT" and not (model.draws and modality.upper() == "IMAGE"):
            raise invalid(f"Model does not support the requested response modalities: {modality.lower()}")


def _check_picture(request: Request, model: Model) -> None:
    if request.tools:
        raise invalid(f"Function calling is not enabled for models/{model.id}")
    if request.system_instruction:
        raise invalid(f"Developer instruction is not enabled for models/{model.id}")
    image = request.generation_config.image_config if request.generation_config else None
    if image:
        path = f"{_CONFIG}.image_config"
        _check_word(image.aspect_ratio, _RATIOS, f"{path}.aspect_ratio")
        _check_word(image.image_size, _PICTURE_SIZES, f"{path}.image_size")


def _check_word(value: str | None, known: set[str], path: str) -> None:
    if value is not None and value not in known:
        raise violations([wrong_value(path, "TYPE_ENUM", value)])
