//! What was recorded and what was not, for people.

use std::fmt::Write as _;
use std::path::Path;

use holmes_sandbox::snapshot::{Summary, Unavailable};

/// Names in a line: the rest is a number.
const NAMES: usize = 5;

pub(super) fn text(summary: &Summary, out: &Path) -> String {
    let mut text = format!(
        "recorded {} into {} ({})\n{} objects of {} kinds, {} logs, {} values redacted\n",
        plain(&summary.cluster),
        out.display(),
        size(summary.bytes),
        summary.objects,
        summary.kinds,
        summary.logs,
        summary.redacted,
    );
    let (left_out, failed): (Vec<_>, Vec<_>) = summary.unavailable.iter().partition(|api| api.is_left_out());
    line(&mut text, "not permitted", &summary.forbidden);
    line(&mut text, "not available", &failed.iter().map(|api| answered(api)).collect::<Vec<_>>());
    line(&mut text, "left out as asked", &left_out);
    line(&mut text, "logs left out for the size limit", &summary.left_out);
    line(&mut text, "logs that could not be read", &summary.unread);
    // Writing to a string can not fail.
    let _ = writeln!(text, "look at it with: holmes-host triage --snapshot {}", out.display());
    text
}

fn line<T: ToString>(text: &mut String, what: &str, all: &[T]) {
    if all.is_empty() {
        return;
    }
    let names: Vec<String> = all.iter().take(NAMES).map(|one| plain(&one.to_string())).collect();
    let rest = all.len().saturating_sub(NAMES);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let _ = writeln!(text, "{what}: {}{rest}", names.join(", "));
}

fn answered(api: &Unavailable) -> String {
    format!("{api} ({}: {})", api.status, api.message)
}

/// Names and messages are the cluster's: nothing of them may move a cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => {
            let tenths = bytes.saturating_mul(10) >> 20;
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use holmes_sandbox::snapshot::{Forbidden, Unavailable};

    use super::*;

    #[test]
    fn the_summary_says_what_is_in_the_recording_and_what_is_not() {
        let forbidden =
            |group: &str, resource: &str| Forbidden { group: group.into(), resource: resource.into() };
        let summary = Summary {
            cluster: "prod\u{1b}[2J".into(),
            bytes: 1_300_000,
            kinds: 40,
            readable: 60,
            objects: 1200,
            logs: 17,
            redacted: 9,
            forbidden: vec![forbidden("", "secrets"), forbidden("rbac.authorization.k8s.io", "roles")],
            unavailable: vec![Unavailable {
                group: "metrics.k8s.io".into(),
                resource: None,
                version: Some("v1beta1".into()),
                status: 503,
                message: "the server is currently unable to handle the request".into(),
            }],
            left_out: (0..7).map(|number| format!("shop/web-{number}/app")).collect(),
            unread: Vec::new(),
        };
        assert_eq!(
            text(&summary, Path::new("prod.tar.gz")),
            "recorded prod[2J into prod.tar.gz (1.2 MiB)\n\
             1200 objects of 40 kinds, 17 logs, 9 values redacted\n\
             not permitted: secrets, roles.rbac.authorization.k8s.io\n\
             not available: metrics.k8s.io (503: the server is currently unable to handle the request)\n\
             logs left out for the size limit: shop/web-0/app, shop/web-1/app, shop/web-2/app, shop/web-3/app, \
             shop/web-4/app and 2 more\n\
             look at it with: holmes-host triage --snapshot prod.tar.gz\n"
        );
    }
}
