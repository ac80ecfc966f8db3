//! What was said in conversations, as `ShareGPT` and `OpenAI` write it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::format::Dialect;
use super::log::fields::{bad_count, count};
use crate::spec::nearest;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload::trace) enum Role {
    User,
    Assistant,
    /// Instructions: part of what is sent, no turn.
    System,
    /// The results of tools, which models go on from.
    Tool,
}

/// A message.
#[derive(Debug)]
pub(in crate::workload::trace) struct Said {
    pub role: Role,
    pub text: String,
    /// When, as written.
    pub at: Option<Box<RawValue>>,
}

/// What was said, in order.
#[derive(Debug, Default)]
pub(in crate::workload::trace) struct Messages {
    pub said: Vec<Said>,
    /// When the conversation began, as written.
    pub at: Option<Box<RawValue>>,
    /// Which model answered.
    pub model: Option<String>,
    /// Tokens of the last request and its answer, if the file counts them.
    pub counted: Option<Counted>,
}

/// Tokens as the file counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload::trace) struct Counted {
    pub input: u32,
    pub output: u32,
}

/// The same as it is written.
#[derive(Deserialize)]
struct Usage<'t> {
    #[serde(borrow, alias = "input_tokens")]
    prompt_tokens: Option<&'t RawValue>,
    #[serde(borrow, alias = "output_tokens")]
    completion_tokens: Option<&'t RawValue>,
}

impl Usage<'_> {
    /// None where one of them is not known.
    fn counted(&self) -> Result<Option<Counted>, String> {
        let tokens = |name: &str, value: &RawValue| {
            let text = value.get().as_bytes();
            count(text).ok_or_else(|| bad_count(name, text))
        };
        let (Some(input), Some(output)) = (self.prompt_tokens, self.completion_tokens) else {
            return Ok(None);
        };
        let input = tokens("prompt_tokens", input)?;
        let output = tokens("completion_tokens", output)?;
        Ok(Some(Counted { input, output }))
    }
}

/// Names of roles: those of `ShareGPT`'s collections, and those of `OpenAI`'s API.
const ROLES: [(&str, Role); 14] = [
    ("human", Role::User),
    ("user", Role::User),
    ("gpt", Role::Assistant),
    ("chatgpt", Role::Assistant),
    ("bing", Role::Assistant),
    ("bard", Role::Assistant),
    ("model", Role::Assistant),
    ("assistant", Role::Assistant),
    ("system", Role::System),
    ("developer", Role::System),
    ("tool", Role::Tool),
    ("function", Role::Tool),
    ("observation", Role::Tool),
    ("function_call", Role::Assistant),
];

/// Other fields are let be.
#[derive(Deserialize)]
struct ShareGptItem {
    conversations: Vec<Turn>,
    model: Option<serde_json::Value>,
    timestamp: Option<Box<RawValue>>,
    created_at: Option<Box<RawValue>>,
    create_time: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Turn {
    from: String,
    value: Option<Spoken>,
    timestamp: Option<Box<RawValue>>,
    created_at: Option<Box<RawValue>>,
    create_time: Option<Box<RawValue>>,
}

/// What is said: a text, and nothing else that could be taken for one.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text as `value`")]
enum Spoken {
    Text(String),
}

#[derive(Deserialize)]
struct OpenAiItem<'t> {
    messages: Option<Vec<Message>>,
    body: Option<Body>,
    #[serde(borrow)]
    usage: Option<Usage<'t>>,
    #[serde(borrow)]
    response: Option<Response<'t>>,
    model: Option<serde_json::Value>,
    timestamp: Option<Box<RawValue>>,
    created_at: Option<Box<RawValue>>,
    create_time: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Body {
    messages: Option<Vec<Message>>,
    model: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Response<'t> {
    #[serde(borrow)]
    usage: Option<Usage<'t>>,
    #[serde(borrow)]
    body: Option<ResponseBody<'t>>,
}

#[derive(Deserialize)]
struct ResponseBody<'t> {
    #[serde(borrow)]
    usage: Option<Usage<'t>>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
    tool_calls: Option<Vec<ToolCall>>,
    function_call: Option<Called>,
    timestamp: Option<Box<RawValue>>,
    created_at: Option<Box<RawValue>>,
    create_time: Option<Box<RawValue>>,
    /// What is said in the place of an answer.
    refusal: Option<String>,
}

/// A call of a tool, which a model writes as it writes text.
#[derive(Deserialize)]
struct ToolCall {
    function: Option<Called>,
}

#[derive(Deserialize)]
struct Called {
    #[serde(default)]
    name: String,
    #[serde(default)]
    arguments: Arguments,
}

/// A text of JSON as the API has it, or the JSON itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum Arguments {
    Text(String),
    Json(serde_json::Value),
}

impl Default for Arguments {
    fn default() -> Self {
        Arguments::Text(String::new())
    }
}

impl Message {
    /// What is said in it: its text, and the calls of tools, each on a line of its own.
    fn text(self) -> String {
        let content = self.content.map(Content::text);
        let calls = self.tool_calls.into_iter().flatten().filter_map(|call| call.function);
        let calls = calls.chain(self.function_call).map(|called| match called.arguments {
            Arguments::Text(arguments) => format!("{} {arguments}", called.name),
            Arguments::Json(arguments) => format!("{} {arguments}", called.name),
        });
        let all: Vec<String> = content.into_iter().chain(self.refusal).chain(calls).collect();
        all.join("\n")
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of parts, as `content`")]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// A part that is no text, such as an image, has none.
#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    refusal: Option<String>,
}

impl Dialect {
    /// Reads one conversation.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::workload::trace) fn read(self, item: &[u8]) -> Result<Messages, String> {
        match self {
            Dialect::ShareGpt => {
                let read: ShareGptItem = parse(item)?;
                let said =
                    |value: Option<Spoken>| value.map_or(String::new(), |Spoken::Text(text)| text);
                let messages = read.conversations.into_iter().map(|it| {
                    let at = it.timestamp.or(it.created_at).or(it.create_time);
                    (it.from, said(it.value), at)
                });
                Ok(Messages {
                    said: roles(messages)?,
                    at: read.timestamp.or(read.created_at).or(read.create_time),
                    model: name(read.model),
                    counted: None,
                })
            }
            Dialect::OpenAi => {
                let read: OpenAiItem<'_> = parse(item)?;
                let (body, model) = read.body.map_or((None, None), |it| (it.messages, it.model));
                let Some(messages) = read.messages.or(body) else {
                    return Err(if read.response.is_some() {
                        "missing field `messages`: the results of a batch have no prompts; put the \
                         `messages` of its requests, by their `custom_id`, beside the `response`"
                            .to_owned()
                    } else {
                        "missing field `messages`".to_owned()
                    });
                };
                let messages = messages.into_iter().map(|mut it| {
                    let at = it.timestamp.take().or(it.created_at.take());
                    let at = at.or(it.create_time.take());
                    (it.role.clone(), it.text(), at)
                });
                let answered = read.response.and_then(|response| {
                    response.usage.or(response.body.and_then(|body| body.usage))
                });
                let counted = read.usage.or(answered).map(|usage| usage.counted()).transpose()?;
                Ok(Messages {
                    said: roles(messages)?,
                    at: read.timestamp.or(read.created_at).or(read.create_time),
                    model: name(read.model).or(name(model)),
                    counted: counted.flatten(),
                })
            }
        }
    }
}

/// A model's name, if that is what is written there.
fn name(model: Option<serde_json::Value>) -> Option<String> {
    model.and_then(|name| name.as_str().map(str::to_owned)).filter(|name| !name.is_empty())
}

impl Content {
    fn text(self) -> String {
        match self {
            Content::Text(text) => text,
            Content::Parts(parts) => {
                let texts = parts.into_iter().filter_map(|part| part.text.or(part.refusal));
                let texts: Vec<String> = texts.collect();
                texts.join("\n")
            }
        }
    }
}

fn roles(
    messages: impl Iterator<Item = (String, String, Option<Box<RawValue>>)>,
) -> Result<Vec<Said>, String> {
    messages
        .map(|(name, text, at)| {
            let known = ROLES.iter().find(|(role, _)| *role == name);
            known.map(|(_, role)| Said { role: *role, text, at }).ok_or_else(|| {
                let near = nearest(&name, ROLES.iter().map(|(role, _)| *role));
                let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                format!("nobody is called `{name}` here, such as user or assistant{near}")
            })
        })
        .collect()
}

/// An error's own line number is that within the item; the item's is told elsewhere.
fn parse<'i, T: Deserialize<'i>>(item: &'i [u8]) -> Result<T, String> {
    serde_json::from_slice(item).map_err(|error| {
        let text = error.to_string();
        let why = text.rsplit_once(" at line ").map_or(&*text, |(why, _)| why);
        let other = |key: &str| item.windows(key.len()).any(|part| part == key.as_bytes());
        if why.contains("missing field `conversations`") && other("\"messages\"") {
            return format!("{why}, but there is `messages`: such files are read as `openai`");
        }
        why.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(messages: Messages) -> Vec<(Role, String)> {
        messages.said.into_iter().map(|it| (it.role, it.text)).collect()
    }

    fn read(dialect: Dialect, item: &str) -> Result<Messages, String> {
        dialect.read(item.as_bytes())
    }

    #[test]
    fn both_dialects_say_the_same() {
        let share = r#"{"id": "x", "conversations": [{"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Ho"}, {"from": "gpt", "value": null}]}"#;
        let open = r#"{"messages": [{"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "Ho"}, {"type": "image_url"}]},
            {"role": "assistant", "content": null}], "model": "m"}"#;
        let batch = format!(r#"{{"custom_id": "1", "method": "POST", "body": {open}}}"#);
        let wanted = [(Role::User, "Hi"), (Role::Assistant, "Ho"), (Role::Assistant, "")];
        let wanted = wanted.map(|(role, text)| (role, text.to_owned()));
        assert_eq!(said(read(Dialect::ShareGpt, share).unwrap()), wanted);
        assert_eq!(said(read(Dialect::OpenAi, open).unwrap()), wanted);
        assert_eq!(said(read(Dialect::OpenAi, &batch).unwrap()), wanted);
    }

    #[test]
    fn calls_of_tools_are_what_the_assistant_says() {
        let called = r#"{"messages": [{"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "w", "arguments": "{\"in\": 1}"}},
            {"function": {"name": "v", "arguments": {"a": 2}}}]},
            {"role": "assistant", "content": "so", "function_call": {"name": "u", "arguments": ""}},
            {"role": "assistant", "content": null}]}"#;
        let wanted = ["w {\"in\": 1}\nv {\"a\":2}", "so\nu ", ""];
        let said = said(read(Dialect::OpenAi, called).unwrap());
        assert_eq!(said.iter().map(|(_, text)| &**text).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn the_files_own_counts_are_read() {
        let usage = r#"{"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}"#;
        for line in [
            format!(r#"{{"messages": [], "usage": {usage}}}"#),
            format!(r#"{{"messages": [], "response": {{"usage": {usage}}}}}"#),
            format!(r#"{{"messages": [], "response": {{"body": {{"usage": {usage}}}}}}}"#),
        ] {
            let counted = read(Dialect::OpenAi, &line).unwrap().counted;
            assert_eq!(counted, Some(Counted { input: 7, output: 3 }), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (dialect, item, complaint) in [
            (Dialect::ShareGpt, "{}", "missing field `conversations`"),
            (Dialect::ShareGpt, r#"{"messages": []}"#, "such files are read as `openai`"),
            (Dialect::OpenAi, "{}", "missing field `messages`"),
            (Dialect::OpenAi, r#"{"messages": [{"content": "a"}]}"#, "missing field `role`"),
            (Dialect::OpenAi, r#"{"messages": [{"role": "usr"}]}"#, "did you mean `user`?"),
            (
                Dialect::OpenAi,
                r#"{"messages": [{"role": "user", "content": 5}]}"#,
                "expected a text",
            ),
            (Dialect::ShareGpt, "[1", "invalid type"),
        ] {
            let error = read(dialect, item).unwrap_err();
            assert!(error.contains(complaint), "{item}: {error}");
        }
    }
}
