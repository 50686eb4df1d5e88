//! `ask`: investigate once, answer on stdout.

use std::{
    io::{IsTerminal, Read},
    path::Path,
};

use anyhow::{Context, Result, bail};
use holmes_agent::{Agent, AgentError, AgentErrorKind, Answer, Config, Ending, Question, Triage};
use holmes_llm::{BUILTIN_TRIAGE, LlmErrorKind, render_findings};
use holmes_protocol::{Report, Verdict};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{Ask, Format},
    compose::{self, Absence, Audience, Settings},
    exit::{self, Exit},
    output::{document::Document, live::Live, markdown::Renderer, printer::Printer, progress},
};

/// How long a pipe may be silent before it is taken for one that nobody writes to.
const SILENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 300_000_000 };

/// Largest file or stdin that is attached: more than any model reads.
const ATTACHMENT_BYTES: u64 = 1 << 20;

pub(crate) async fn run(ask: Ask, mut settings: Settings, printer: Printer) -> Result<Exit> {
    let mut live = Live::new(printer.is_terminal() && ask.output == Format::Text);
    let outcome = match question(&ask) {
        Ok(question) => {
            let asked = question.ask.clone();
            investigate(&ask, question, &mut settings, &mut live, printer)
                .await
                .map(|outcome| (asked, outcome))
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok((asked, Ok(answer))) => answered(&ask, &asked, &answer, &live, printer),
        Ok((asked, Err(error))) => failed(&ask, &asked, &error, printer),
        Err(error) if ask.output == Format::Json => {
            let text = exit::explain(&error);
            let asked = ask.question.clone().unwrap_or_default();
            printer.answer(&Document::failed(&asked, None, &text, None, Exit::Failed as u8).to_json()?)?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn investigate(
    ask: &Ask,
    question: Question,
    settings: &mut Settings,
    live: &mut Live,
    printer: Printer,
) -> Result<Result<Answer, AgentError>> {
    let (models, secrets) = compose::models(settings, &ask.model)?;
    let model = models.choose(ask.model.model.as_deref())?;
    if model.name() == BUILTIN_TRIAGE && ask.model.model.is_none() {
        printer.progress("no model is configured: builtin/triage answers; choose one with --model");
    }
    let toolsets = compose::toolsets(
        settings,
        &ask.world,
        Absence::Refused,
        Audience::Workstation,
        Handle::current(),
        printer,
    )
    .await?;
    let defaults = Config::default();
    let max_steps = compose::max_steps(settings, ask.model.max_steps)?;
    let config = Config { max_steps: max_steps.unwrap_or(defaults.max_steps), ..defaults };
    let cancellation = CancellationToken::new();
    let mut investigation =
        Agent::new(config, toolsets).investigate(model, question, secrets.redactor(), cancellation.clone());
    let interrupted = tokio::spawn({
        let cancellation = cancellation.clone();
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancellation.cancel();
            }
        }
    });
    while let Some(event) = investigation.events.recv().await {
        progress::show(&event, printer);
        live.show(&event, printer)?;
    }
    interrupted.abort();
    investigation.answer.await.context("the investigation ended without a word")
}

fn answered(ask: &Ask, question: &str, answer: &Answer, live: &Live, printer: Printer) -> Result<Exit> {
    let verdict = answer.report.as_ref().map(|report| report.verdict);
    let findings = answer.report.as_ref().is_some_and(|report| !report.findings.is_empty());
    let exit = match (answer.ending, verdict) {
        (Ending::Interrupted, _) => Exit::Interrupted,
        // Half an answer is none.
        (Ending::Broken, _) => Exit::Failed,
        (_, Some(Verdict::NotPermitted)) => Exit::NotPermitted,
        // It has nothing but the report: without one it only says why there is no answer.
        _ if answer.model == BUILTIN_TRIAGE && answer.report.is_none() => Exit::Failed,
        _ if ask.exit_verdict && findings => Exit::Findings,
        _ => Exit::Success,
    };
    match ask.output {
        Format::Json => printer.answer(&Document::answered(question, answer, exit as u8).to_json()?)?,
        Format::Md => printer.answer(&whole(answer))?,
        Format::Text => printer.answer(&Renderer::default().render(live.rest(&whole(answer))))?,
    }
    match answer.ending {
        Ending::Answered => {}
        Ending::StepLimit => {
            printer.warning("the step limit was reached; the answer rests on what was known by then");
        }
        Ending::Cut => printer.warning(
            "the answer is cut: the model reached its output limit, or the provider's content filter stopped it",
        ),
        Ending::Broken => printer.error("the connection to the model broke, so the answer is cut; ask again"),
        Ending::Interrupted => printer.warning("interrupted; the answer is what there was"),
    }
    Ok(exit)
}

/// The answer, and beside a model's words what triage found without it.
fn whole(answer: &Answer) -> String {
    match &answer.report {
        Some(report) if answer.model != BUILTIN_TRIAGE => format!("{}\n\n{}", answer.text, beside(report)),
        _ => answer.text.clone(),
    }
}

fn beside(report: &Report) -> String {
    format!("---\n# What triage found, without a model\n\n{}", render_findings(report))
}

/// The model failed: what triage found is printed all the same.
fn failed(ask: &Ask, question: &str, error: &AgentError, printer: Printer) -> Result<Exit> {
    let exit = if error.kind() == AgentErrorKind::Cancelled { Exit::Interrupted } else { Exit::Failed };
    let text = error.to_string();
    match (ask.output, error.report()) {
        (Format::Json, report) => {
            printer.answer(
                &Document::failed(question, kind(error.kind()), &text, report, exit as u8).to_json()?,
            )?;
        }
        (_, Some(report)) => printer.answer(&Renderer::default().render(&beside(report)))?,
        (_, None) => {}
    }
    if is_about_signing_in(error.kind()) {
        printer.error(&format!(
            "{text}\nhint: `holmes-host auth check` tells, link by link, what was tried and what to run"
        ));
    } else {
        printer.error(&text);
    }
    Ok(exit)
}

/// The model's failure by a name that scripts may rely on.
fn kind(kind: AgentErrorKind) -> Option<&'static str> {
    match kind {
        AgentErrorKind::Model(kind) => Some(kind.as_str()),
        AgentErrorKind::NoAnswer
        | AgentErrorKind::TimeLimit
        | AgentErrorKind::Cancelled
        | AgentErrorKind::Internal => None,
    }
}

/// Whether `auth check` would say more than the error does.
fn is_about_signing_in(kind: AgentErrorKind) -> bool {
    matches!(
        kind,
        AgentErrorKind::Model(
            LlmErrorKind::NoCredential
                | LlmErrorKind::IdentityUnavailable
                | LlmErrorKind::TokenRejected
                | LlmErrorKind::WrongTenant
                | LlmErrorKind::RoleMissing
                | LlmErrorKind::NoCustomDomain
                | LlmErrorKind::NetworkDenied
        )
    )
}

/// What is asked: the argument or a file; piped text is attached, or is the question when there is no other.
fn question(ask: &Ask) -> Result<Question> {
    let mut attachments = Vec::new();
    for path in &ask.file {
        attachments.push((path.display().to_string(), read_bounded(path)?));
    }
    let mut text = match &ask.prompt_file {
        Some(path) => Some(read_bounded(path)?),
        None => ask.question.clone(),
    };
    if let Some(piped) = piped(text.is_some())? {
        if text.is_some() {
            attachments.push(("stdin".to_owned(), piped));
        } else {
            text = Some(piped);
        }
    }
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        bail!("there is no question; ask one: holmes-host ask \"what pods are failing?\"");
    };
    Ok(Question {
        ask: text,
        attachments,
        namespace: ask.namespace.clone(),
        triage: if ask.no_triage { Triage::Skip } else { Triage::First },
        ..Question::default()
    })
}

/// Text piped to stdin. With a question already there, a pipe that stays silent is left alone: whoever
/// started us may have handed down a stdin that he never closes.
fn piped(has_question: bool) -> Result<Option<String>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() || (has_question && !has_input(&stdin)) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    stdin.lock().take(ATTACHMENT_BYTES + 1).read_to_end(&mut bytes).context("can not read stdin")?;
    let text = bounded("stdin", &bytes)?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

fn has_input(stdin: &std::io::Stdin) -> bool {
    let mut polled = [PollFd::new(stdin, PollFlags::IN)];
    poll(&mut polled, Some(&SILENCE)).is_ok_and(|ready| ready > 0)
}

fn read_bounded(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("can not read `{}`", path.display()))?;
    let mut bytes = Vec::new();
    file.take(ATTACHMENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("can not read `{}`", path.display()))?;
    bounded(&path.display().to_string(), &bytes)
}

fn bounded(name: &str, bytes: &[u8]) -> Result<String> {
    if bytes.len() as u64 > ATTACHMENT_BYTES {
        bail!(
            "`{name}` has more than {} KiB, more than can be attached; attach the part that matters",
            ATTACHMENT_BYTES >> 10
        );
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}
