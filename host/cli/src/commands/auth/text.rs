//! A report for people: aligned columns, 80 wide, with commands that can be copied whole.

use super::report::{Check, Report, Status};

/// A terminal's usual width.
const WIDTH: usize = 80;
/// Of the column with titles: the longest is the name of a link of the credential chain.
const TITLE: usize = 17;
/// Where details begin: status, two spaces, title, two spaces.
const DETAIL: usize = 4 + 2 + TITLE + 2;
/// Where fixes begin.
const FIX: usize = 6;
/// Programs whose command lines are never broken.
const PROGRAMS: [&str; 4] = ["az ", "kubectl ", "curl ", "cargo "];

/// The whole report, and a last line that counts.
pub(crate) fn render(report: &Report) -> String {
    let mut lines = Vec::new();
    let mut about = None;
    for check in &report.checks {
        if check.model.as_ref() != about {
            about = check.model.as_ref();
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(about.map(|model| format!("\u{1b}[1mmodel {}\u{1b}[0m", visible(model))));
        }
        lines.extend(check_lines(check));
    }
    lines.push(String::new());
    lines.push(summary(report));
    lines.join("\n")
}

/// For example `9 passed, 1 warning, 0 failed, 7 skipped`.
fn summary(report: &Report) -> String {
    let [passed, warnings, failed, skipped] =
        [Status::Pass, Status::Warn, Status::Fail, Status::Skip].map(|status| report.count(status));
    let plural = if warnings == 1 { "" } else { "s" };
    format!("{passed} passed, {warnings} warning{plural}, {failed} failed, {skipped} skipped")
}

fn check_lines(check: &Check) -> Vec<String> {
    let mut lines = Vec::new();
    let status = coloured(check.status);
    let mut details = check.detail.lines().flat_map(|line| wrap(line, WIDTH - DETAIL));
    let first = details.next().unwrap_or_default();
    lines.push(format!("{status}  {:<TITLE$}  {first}", check.title).trim_end().to_owned());
    lines.extend(details.map(|detail| format!("{:DETAIL$}{detail}", "")));
    let fixes = check.fix.iter().flat_map(|fix| fix.lines()).flat_map(|line| {
        if PROGRAMS.iter().any(|program| line.starts_with(program)) {
            return vec![visible(line)];
        }
        wrap(line, WIDTH - FIX - "fix: ".len())
    });
    for (number, fix) in fixes.enumerate() {
        let label = if number == 0 { "fix: " } else { "     " };
        lines.push(format!("{:FIX$}{label}{fix}", ""));
    }
    lines
}

fn coloured(status: Status) -> String {
    let colour = match status {
        Status::Pass => 32,
        Status::Warn => 33,
        Status::Fail => 31,
        Status::Skip => 2,
    };
    format!("\u{1b}[{colour}m{}\u{1b}[0m", status.as_str())
}

/// Breaks a line between words; a word that is longer than the width stays whole.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in visible(line).split_whitespace() {
        let length = current.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut current));
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

/// Without what a terminal would obey.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(report: &Report) -> String {
        let mut text = render(report);
        for code in ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"] {
            text = text.replace(&format!("\u{1b}{code}"), "");
        }
        text
    }

    #[test]
    fn details_stand_in_a_column_and_lines_end_before_the_eightieth() {
        let mut report = Report::default();
        report.checks.push(Check::pass("config", "configuration", "no file"));
        let detail = "the pod has a projected token ".repeat(6);
        report.about("prod", [Check::fail("token-file", "token file", detail).fix(Some("mount it"))]);
        let text = plain(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "PASS  configuration      no file");
        assert_eq!(lines[1..3], ["", "model prod"]);
        assert!(lines[3].starts_with("FAIL  token file         the pod has"), "{text}");
        assert!(lines[4].starts_with("                         "), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(lines.contains(&"      fix: mount it"), "{text}");
        assert_eq!(lines.last(), Some(&"1 passed, 0 warnings, 1 failed, 0 skipped"));
    }

    #[test]
    fn a_command_stays_on_one_line_and_the_advice_after_it_does_not() {
        let command = format!("az identity federated-credential create --name {}", "x".repeat(90));
        let fix = format!("{command}\n{}", "then wait two minutes ".repeat(5));
        let mut report = Report::default();
        report.checks.push(Check::fail("exchange", "token", "refused").fix(Some(fix)));
        let text = plain(&report);
        assert!(text.contains(&format!("      fix: {command}\n           then wait")), "{text}");
        assert!(text.lines().filter(|line| !line.contains("az ")).all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_question_mark() {
        let mut report = Report::default();
        report.checks.push(Check::fail("chat", "chat", "a\u{1b}[2Jb\u{7}").fix(Some("az \u{1b}]0;x")));
        let text = plain(&report);
        assert!(text.contains("a?[2Jb?"), "{text}");
        assert!(text.contains("az ?]0;x"), "{text}");
    }
}
