//! The examples' files, and the scripts among them run by a shell that finds `holmes-host` on its path.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    cloud::{Cloud, tool},
    world::{cluster, program, root},
};

/// Where the examples are.
pub(super) fn folder() -> PathBuf {
    root().join("examples/holmesgpt-azure-openai")
}

/// An example's text.
pub(super) fn example(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("an example")
}

/// A script as it is typed; `holmes-host` looks at a recorded cluster in place of one that runs.
pub(super) fn script(cloud: &Cloud, text: &str) -> Command {
    let tools = tool(
        &cloud.world,
        "holmes-host",
        &format!(
            "exec {} \"$@\" --no-triage -vv --snapshot {} --audit-log {}",
            program().display(),
            cluster("oom-crashloop").display(),
            cloud.audit_log().display()
        ),
    );
    let mut command = Command::new("/bin/sh");
    command.arg(cloud.world.write("script.sh", text)).env_clear().stdin(Stdio::null());
    for (name, value) in cloud.command(&[]).get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("PATH", tools);
    command
}
