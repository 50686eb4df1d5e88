//! The end of each container's log, the most telling first, for as long as there is room.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use super::api::Refusal;
use super::kinds::is_plain;
use super::pods::Pod;
use super::report::Forbidden;
use super::{Logs, Progress, RecordError, Recorder, Summary};

/// Logs that are read side by side: each is a connection from the API server to a kubelet.
const AT_ONCE: usize = 8;

/// A tail of long lines is asked for again, shorter, until its newest line is in it.
const ATTEMPTS: usize = 3;

/// One log.
struct Wanted {
    namespace: String,
    pod: String,
    container: String,
    previous: bool,
}

/// What the API server gave.
enum Found {
    Text(Bytes),
    /// The kubelet has none.
    Nothing,
    Forbidden,
    Unread,
}

impl Recorder<'_> {
    /// Records logs until the budget is used up; what does not fit is named.
    pub(super) async fn logs(
        &self,
        pods: Vec<Pod>,
        now: Timestamp,
        summary: &mut Summary,
    ) -> Result<(), RecordError> {
        let Logs::Tail { lines, bytes } = self.options.logs else { return Ok(()) };
        let wanted = in_order(pods, now);
        let total = wanted.len();
        let mut found = stream::iter(&wanted)
            .map(|log| async move { (log, self.tail(log, lines, bytes).await) })
            .buffered(AT_ONCE);
        let mut forbidden = 0_usize;
        let mut done = 0;
        while let Some((log, found)) = found.next().await {
            match found? {
                Found::Text(text) => {
                    let text = self.redaction.log(&text);
                    if !self.budget.spend(text.len()) {
                        break;
                    }
                    self.files.write(&log.file(), text.as_bytes())?;
                    summary.logs += 1;
                }
                Found::Nothing => {}
                Found::Forbidden => {
                    forbidden += 1;
                    summary.unread.push(log.to_string());
                }
                Found::Unread => summary.unread.push(log.to_string()),
            }
            done += 1;
            (self.told)(Progress::Logs { done, total });
        }
        drop(found);
        summary.left_out = wanted.iter().skip(done).map(ToString::to_string).collect();
        if forbidden > 0 && summary.logs == 0 {
            summary.forbidden.push(Forbidden { group: String::new(), resource: "pods/log".to_owned() });
        }
        Ok(())
    }

    async fn tail(&self, log: &Wanted, lines: u32, bytes: u32) -> Result<Found, RecordError> {
        let path = ["api", "v1", "namespaces", &log.namespace, "pods", &log.pod, "log"];
        let most = bytes.to_string();
        // A kubelet may give the limit and the rest of a line.
        let largest = bytes as usize * 2;
        let mut lines = lines as usize;
        let mut last = Bytes::new();
        for _ in 0..ATTEMPTS {
            let count = lines.to_string();
            let mut query =
                vec![("container", log.container.as_str()), ("tailLines", &count), ("limitBytes", &most)];
            query.extend(log.previous.then_some(("previous", "true")));
            last = match self.api.get(&path, &query, largest).await {
                Ok(text) => text,
                Err(Refusal::Unauthorized) => return Err(RecordError::Unauthorized),
                Err(Refusal::Forbidden(_)) => return Ok(Found::Forbidden),
                Err(Refusal::Failed { status: 400 | 404, .. }) => return Ok(Found::Nothing),
                Err(Refusal::Failed { .. } | Refusal::Expired | Refusal::TooLarge) => {
                    return Ok(Found::Unread);
                }
            };
            if last.len() < bytes as usize {
                return Ok(Found::Text(last));
            }
            // The tail begins where it was asked to and is cut at its end, where the newest lines are.
            let fitted = last.split(|byte| *byte == b'\n').count() - 1;
            if fitted < 2 {
                break;
            }
            lines = fitted * 3 / 4;
        }
        // The last line is cut, perhaps inside a secret that is recognised by its end.
        let whole = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Ok(Found::Text(last.slice(..whole)))
    }
}

/// The most telling pods first; of a container, the run that ended before the one that goes on.
fn in_order(mut pods: Vec<Pod>, now: Timestamp) -> Vec<Wanted> {
    pods.retain(|pod| is_plain(&pod.namespace) && is_plain(&pod.name));
    pods.sort_by(|left, right| {
        let key = |pod: &'_ Pod| pod.urgency(now);
        let names = || (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name));
        key(left).cmp(&key(right)).then_with(names)
    });
    let mut wanted = Vec::new();
    for Pod { namespace, name, containers, .. } in pods {
        for container in containers.into_iter().filter(|container| is_plain(&container.name)) {
            let runs = if container.has_previous { &[true, false][..] } else { &[false] };
            wanted.extend(runs.iter().map(|previous| Wanted {
                namespace: namespace.clone(),
                pod: name.clone(),
                container: container.name.clone(),
                previous: *previous,
            }));
        }
    }
    wanted
}

impl Wanted {
    fn file(&self) -> String {
        let suffix = if self.previous { ".previous" } else { "" };
        format!("logs/{}/{}/{}{suffix}.log", self.namespace, self.pod, self.container)
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}/{}", self.namespace, self.pod, self.container)?;
        if self.previous { formatter.write_str(" (previous)") } else { Ok(()) }
    }
}
