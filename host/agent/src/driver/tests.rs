use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream, stream::BoxStream};
use holmes_llm::{ChatEvent, ChatModel, ChatReply, ChatRequest, FinishReason, LlmError};
use holmes_protocol::{
    Event, Message, SideEffect, TokenUsage, ToolCall, ToolOutcome, ToolOutput, ToolSpec, ToolStatus,
    ToolsetName,
};
use holmes_toolset::{CallContext, Invocation, Registry, Toolset, redact::Redactor};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Agent, AgentErrorKind, Config, Ending, Investigation, Question, Triage};

/// What the scripted model does in one turn.
enum Turn {
    Says(&'static str),
    Calls(Vec<(&'static str, &'static str)>),
    SaysThenHangs(&'static str),
}

#[derive(Default)]
struct Script {
    turns: Mutex<VecDeque<Turn>>,
    requests: Mutex<Vec<ChatRequest>>,
}

impl ChatModel for Script {
    fn name(&self) -> &'static str {
        "script"
    }
    fn window(&self) -> u64 {
        100_000
    }
    fn chat(&self, request: ChatRequest) -> BoxStream<'_, Result<ChatEvent, LlmError>> {
        self.requests.lock().unwrap().push(request);
        let reply = |text: &str, tool_calls| ChatReply {
            text: text.to_owned(),
            tool_calls,
            carried: Vec::new(),
            finish: FinishReason::Stop,
            usage: TokenUsage::default(),
            model: "script".to_owned(),
        };
        let number = self.requests.lock().unwrap().len();
        match self.turns.lock().unwrap().pop_front().unwrap() {
            Turn::Says(text) => stream::iter(vec![
                Ok(ChatEvent::TextDelta(text.to_owned())),
                Ok(ChatEvent::Finished(reply(text, Vec::new()))),
            ])
            .boxed(),
            Turn::Calls(calls) => {
                let calls = calls.iter().enumerate().map(|(at, (name, arguments))| ToolCall {
                    id: format!("call_{number}_{at}").parse().unwrap(),
                    name: (*name).to_owned(),
                    arguments: (*arguments).to_owned(),
                });
                stream::iter(vec![Ok(ChatEvent::Finished(reply("", calls.collect())))]).boxed()
            }
            Turn::SaysThenHangs(text) => {
                stream::iter(vec![Ok(ChatEvent::TextDelta(text.to_owned()))]).chain(stream::pending()).boxed()
            }
        }
    }
}

/// `sleep` takes as many seconds as its argument says, `leak` returns a secret, `trap` panics.
struct Fake(ToolsetName, Vec<ToolSpec>);

impl Toolset for Fake {
    fn name(&self) -> &ToolsetName {
        &self.0
    }
    fn version(&self) -> &'static str {
        "0"
    }
    fn description(&self) -> &'static str {
        "a fake"
    }
    fn instructions(&self) -> Option<&str> {
        Some("Use it.")
    }
    fn tools(&self) -> &[ToolSpec] {
        &self.1
    }
    fn invoke(&self, invocation: Invocation, _: CallContext) -> BoxFuture<'_, ToolOutcome> {
        async move {
            let mut text = invocation.arguments.to_string();
            match invocation.tool.as_str() {
                "sleep" => {
                    tokio::time::sleep(Duration::from_secs(invocation.arguments["s"].as_u64().unwrap()))
                        .await;
                }
                "leak" => text = "DB_PASSWORD=hunter2x".to_owned(),
                _ => panic!("trap"),
            }
            ToolOutcome::Success(ToolOutput { text, ..ToolOutput::default() })
        }
        .boxed()
    }
}

fn agent(config: Config) -> Agent {
    let name: ToolsetName = "fake".parse().unwrap();
    let specs = ["sleep", "leak", "trap"].map(|tool| ToolSpec {
        name: tool.parse().unwrap(),
        toolset: name.clone(),
        description: String::new(),
        input_schema: serde_json::json!({"type": "object"}),
        side_effect: SideEffect::ReadOnly,
    });
    Agent::new(config, Arc::new(Registry::new(vec![Arc::new(Fake(name, specs.to_vec()))], Vec::new())))
}

fn ask(config: Config, turns: Vec<Turn>, cancellation: &CancellationToken) -> (Arc<Script>, Investigation) {
    let script = Arc::new(Script { turns: Mutex::new(turns.into()), ..Script::default() });
    let question = Question { ask: "why?".into(), triage: Triage::First, ..Question::default() };
    let model: Arc<dyn ChatModel> = Arc::<Script>::clone(&script);
    let running = agent(config).investigate(model, question, Arc::new(Redactor::new()), cancellation.clone());
    (script, running)
}

async fn drain(investigation: &mut Investigation) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = investigation.events.recv().await {
        events.push(event);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn tools_run_side_by_side_and_results_keep_the_order_of_the_calls() {
    let turns = vec![
        Turn::Calls(vec![("sleep", "{\"s\":3}"), ("sleep", "{\"s\":1}"), ("sleep", "{\"s\":2}")]),
        Turn::Says("done"),
    ];
    let started = Instant::now();
    let (script, mut running) = ask(Config::default(), turns, &CancellationToken::new());
    let events = drain(&mut running).await;
    let answer = running.answer.await.unwrap().unwrap();
    assert_eq!(started.elapsed().as_secs(), 3);
    let ended: Vec<u32> = events
        .iter()
        .filter_map(|event| if let Event::ToolFinished { number, .. } = event { Some(*number) } else { None })
        .collect();
    assert_eq!(ended, [2, 3, 1]);
    let requests = script.requests.lock().unwrap();
    let order: Vec<_> =
        requests[1]
            .messages
            .iter()
            .filter_map(|message| {
                if let Message::Tool { call_id, .. } = message { Some(call_id.as_str()) } else { None }
            })
            .collect();
    assert_eq!(order, ["call_1_0", "call_1_1", "call_1_2"]);
    assert_eq!(answer.calls.iter().map(|call| call.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((answer.text.as_str(), answer.ending), ("done", Ending::Answered));
    assert!(
        matches!(&requests[0].messages[0], Message::System { text } if text.contains("**fake**: a fake") && text.contains("Use it.") && !text.contains("{{"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_result_reaches_nobody_and_a_trap_is_a_result() {
    let turns = vec![
        Turn::Calls(vec![
            ("leak", "{\"password\":\"hunter2x\"}"),
            ("trap", "{}"),
            ("nothing", "{}"),
            ("leak", "{"),
        ]),
        Turn::Says("the password: hunter2x\nand PASSWORD=hunter2x"),
    ];
    let (script, mut running) = ask(Config::default(), turns, &CancellationToken::new());
    let events = drain(&mut running).await;
    let answer = running.answer.await.unwrap().unwrap();
    for text in
        [format!("{events:?}"), format!("{answer:?}"), format!("{:?}", script.requests.lock().unwrap())]
    {
        assert!(!text.contains("hunter2x"), "{text}");
    }
    let statuses: Vec<_> = answer.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [ToolStatus::Success, ToolStatus::Error, ToolStatus::Error, ToolStatus::Error]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_answer_is_kept() {
    let cancellation = CancellationToken::new();
    let (_, mut running) = ask(Config::default(), vec![Turn::SaysThenHangs("so far\nI saw")], &cancellation);
    while !matches!(running.events.recv().await, Some(Event::TextDelta { .. })) {}
    cancellation.cancel();
    let answer = (&mut running.answer).await.unwrap().unwrap();
    assert_eq!((answer.text.as_str(), answer.ending), ("so far\nI saw", Ending::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn time_ends_tools_and_investigations() {
    let config = Config { tool_time_limit: Duration::from_secs(5), ..Config::default() };
    let turns = vec![Turn::Calls(vec![("sleep", "{\"s\":60}")]), Turn::Says("slow")];
    let (_, running) = ask(config, turns, &CancellationToken::new());
    let answer = running.answer.await.unwrap().unwrap();
    assert!(answer.calls[0].text.contains("longer than 5 s"), "{}", answer.calls[0].text);

    let config = Config { time_limit: Duration::from_secs(7), ..Config::default() };
    let (_, running) =
        ask(config, vec![Turn::Calls(vec![("sleep", "{\"s\":60}")])], &CancellationToken::new());
    let started = Instant::now();
    let error = running.answer.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), started.elapsed().as_secs()), (AgentErrorKind::TimeLimit, 7));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_investigation_is_cancelled_and_unread_events_block_nothing() {
    let turns =
        (0..50).map(|_| Turn::Calls(vec![("sleep", "{\"s\":1}"); 10])).chain([Turn::Says("end")]).collect();
    let (_, running) = ask(Config::default(), turns, &CancellationToken::new());
    let Investigation { events: _unread, answer } = running;
    assert_eq!(answer.await.unwrap().unwrap().calls.len(), 500);

    let (script, running) = ask(Config::default(), vec![Turn::SaysThenHangs("x")], &CancellationToken::new());
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(running);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&script), 1);
}
