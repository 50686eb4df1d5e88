//! Links 5 to 7 with programs that stand in for `az`, `pwsh` and `azd`.

use std::{ffi::OsString, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use super::*;

/// A folder with programs, and the shell's own folders behind it.
struct Programs(tempfile::TempDir);

impl Programs {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Written by another process: a file that this one still holds open for writing can not be run.
    fn with(self, name: &str, script: &str) -> Self {
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        let status = Command::new("/bin/sh").args(["-c", write]).arg(self.file(name)).arg(script).status();
        assert!(status.expect("a shell").success());
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn chain(&self) -> Chain {
        let token_credentials = Some("dev".to_owned());
        let config = Config { path: Some(self.path()), token_credentials, ..Config::default() };
        chain(config, &Fake::silent(), &Fake::silent())
    }

    fn path(&self) -> OsString {
        let mut path = OsString::from(self.0.path());
        path.push(":/bin:/usr/bin");
        path
    }

    async fn error(&self) -> AuthError {
        self.chain().acquire(&nobody(), SCOPE).await.unwrap_err()
    }

    async fn token(&self) -> Acquired {
        self.chain().acquire(&nobody(), SCOPE).await.expect("a token")
    }
}

async fn one(name: &str, script: &str) -> AuthError {
    Programs::new().with(name, script).error().await
}

fn outcome(error: &AuthError, link: Link) -> LinkOutcome {
    error.links.iter().find(|report| report.link == link).expect("reported").outcome
}

const AZ: &str = r#"echo "$@" > "$(dirname "$0")/arguments"
echo '{"accessToken":"az-token","expires_on":1900000000,"tokenType":"Bearer"}'"#;

#[tokio::test]
async fn az_gives_its_token() {
    let programs = Programs::new().with("az", AZ);
    let who = Identity { tenant_id: Some("contoso".to_owned()), ..nobody() };
    let acquired = programs.chain().acquire(&who, SCOPE).await.expect("a token");
    assert_eq!((acquired.link, acquired.token.expose_secret()), (Link::AzureCli, "az-token"));
    let expected = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    assert_eq!(acquired.expires_at, expected);
    let arguments = std::fs::read_to_string(programs.file("arguments")).expect("kept");
    assert_eq!(
        arguments.trim(),
        format!("account get-access-token -o json --scope {SCOPE} --tenant contoso")
    );
}

#[tokio::test]
async fn a_missing_tool_starts_no_process() {
    let error = Programs::new().error().await;
    assert_eq!(error.kind, AuthErrorKind::NoCredential);
    assert!(detail(&error.links, Link::AzureCli).contains("not on PATH"));
}

#[tokio::test]
async fn a_tool_that_nobody_signed_in_to_is_passed_over() {
    let programs = Programs::new()
        .with("az", r#"printf "\033[31mERROR: Please run 'az login' to setup account.\033[0m\n" >&2; exit 1"#)
        .with("pwsh", r#"echo "Run Connect-AzAccount to login." >&2; exit 1"#)
        .with("azd", r#"echo '{"data":{"message":"not logged in, run azd auth login"}}' >&2; exit 1"#);
    let error = programs.error().await;
    assert_eq!(error.kind, AuthErrorKind::NoCredential);
    for link in [Link::AzureCli, Link::AzurePowerShell, Link::AzureDeveloperCli] {
        assert_eq!(outcome(&error, link), LinkOutcome::Unavailable, "{error}");
        assert!(detail(&error.links, link).contains("not signed in"), "{error}");
    }
    assert!(!error.message.contains('\u{1b}') && !error.message.contains("[31m"), "{error}");
}

#[tokio::test]
async fn a_tool_that_fails_is_passed_by_and_reported() {
    let failing = r#"echo "ERROR: AADSTS50173: The grant is expired, run: az login" >&2; exit 1"#;
    let programs = Programs::new().with("az", failing).with("azd", "exit 3");
    let error = programs.error().await;
    assert_eq!((error.kind, error.aadsts), (AuthErrorKind::Refused, Some(50173)));
    assert_eq!(outcome(&error, Link::AzureCli), LinkOutcome::Failed);
    assert_eq!(outcome(&error, Link::AzureDeveloperCli), LinkOutcome::Failed);

    let azd = r#"echo '{"token":"azd-token","expiresOn":"2030-03-17T17:46:40Z"}'"#;
    let acquired = programs.with("azd", azd).token().await;
    assert_eq!((acquired.link, acquired.token.expose_secret()), (Link::AzureDeveloperCli, "azd-token"));
    assert_eq!(acquired.links.last().expect("links").outcome, LinkOutcome::Token);
}

#[tokio::test]
async fn coloured_and_noisy_output_is_read() {
    let script = r#"printf 'WARNING: noise\n' >&2
printf '\033[36m{"accessToken":"az-token","expires_on":1900000000,"tokenType":"Bearer"}\033[0m\n'"#;
    assert_eq!(Programs::new().with("az", script).token().await.token.expose_secret(), "az-token");
    let script = r#"test "$AZURE_CORE_NO_COLOR" = true || exit 9
test -z "$(cat)" && echo '{"accessToken":"t","expires_on":1900000000,"tokenType":"Bearer"}'"#;
    Programs::new().with("az", script).token().await;
}

#[tokio::test]
async fn garbage_is_a_failure_that_quotes_nothing() {
    let scripts = [
        "echo canary-token",
        r#"echo '{"accessToken":"canary-token","tokenType":"Bearer"}'"#,
        r#"echo '{"accessToken":"canary-token","expires_on":"soon","tokenType":"Bearer"}'"#,
        r#"echo '{"accessToken": "canary-token"}' >&2; exit 1"#,
        "true",
        "head -c 300000 /dev/zero",
    ];
    for script in scripts {
        let tools =
            [("az", Link::AzureCli), ("azd", Link::AzureDeveloperCli), ("pwsh", Link::AzurePowerShell)];
        for (name, link) in tools {
            let error = one(name, script).await;
            assert_eq!(outcome(&error, link), LinkOutcome::Failed, "{name}: {script}");
            assert!(!format!("{error:?}").contains("canary-token"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn pwsh_gives_its_token() {
    let script = r#"echo "$@" > "$(dirname "$0")/arguments"
echo 'holmes-token 1900000000 pwsh-token'"#;
    let programs = Programs::new().with("pwsh", script);
    let acquired = programs.token().await;
    assert_eq!((acquired.link, acquired.token.expose_secret()), (Link::AzurePowerShell, "pwsh-token"));
    let arguments = std::fs::read_to_string(programs.file("arguments")).expect("kept");
    assert!(arguments.starts_with("-NoProfile -NonInteractive -EncodedCommand "), "{arguments}");

    let error = one("pwsh", "echo holmes-no-module").await;
    assert!(detail(&error.links, Link::AzurePowerShell).contains("Az.Accounts"), "{error}");
    let forbidden = "echo 'Az.psm1 cannot be loaded because running scripts is disabled' >&2; exit 1";
    for script in ["exit 127", forbidden] {
        assert_eq!(outcome(&one("pwsh", script).await, Link::AzurePowerShell), LinkOutcome::Unavailable);
    }
}

#[tokio::test]
async fn a_file_that_may_not_be_run_is_no_program() {
    let programs = Programs::new();
    std::fs::write(programs.file("az"), "#!/bin/sh\n").expect("written");
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(programs.file("az"), mode).expect("changed");
    assert_eq!(outcome(&programs.error().await, Link::AzureCli), LinkOutcome::Unavailable);
}

#[tokio::test]
async fn a_settled_link_that_is_gone_makes_way_in_the_same_call() {
    let local = Fake::new(|number, _| match number {
        0..=1 => Reply::token("machine-token"),
        _ => Reply::Answer(400, r#"{"error_description":"Identity not found"}"#.to_owned()),
    });
    let programs = Programs::new().with("az", AZ);
    let config = Config { path: Some(programs.path()), ..Config::default() };
    let chain = chain(config, &Fake::silent(), &local);
    assert_eq!(chain.acquire(&nobody(), SCOPE).await.expect("a token").link, Link::ManagedIdentity);
    for _ in 0..2 {
        assert_eq!(chain.acquire(&nobody(), SCOPE).await.expect("a token").link, Link::AzureCli);
    }
    assert_eq!(local.sent().len(), 4, "probe and token, then two refusals; after that `az` stays");
}

/// What a tool may see: what passes, what it is given, and what a shell sets by itself.
const SEEN: [&str; 12] = [
    "AZURE_CONFIG_DIR",
    "AZURE_CORE_NO_COLOR",
    "HOME",
    "LANG",
    "NO_COLOR",
    "PATH",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "REQUESTS_CA_BUNDLE",
    "XDG_RUNTIME_DIR",
    "_",
];

/// Run again by the next test, in a process whose whole environment is known.
#[tokio::test]
#[ignore = "wants an environment of its own"]
async fn tools_see_what_they_need() {
    let script = r#"env > "$0.environment"; exit 3"#;
    let programs = Programs::new().with("az", script).with("pwsh", script).with("azd", script);
    programs.error().await;
    for name in ["az.environment", "pwsh.environment", "azd.environment"] {
        let seen = std::fs::read_to_string(programs.file(name)).expect("the tool ran");
        assert!(!seen.contains("canary"), "{name}: {seen}");
        let names: Vec<_> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        assert!(names.iter().all(|name| SEEN.contains(name)), "{name}: {seen}");
        for needed in ["HOME=/home/of-a-test", "AZURE_CONFIG_DIR=/azure", "AZURE_CORE_NO_COLOR=true"] {
            assert!(seen.lines().any(|line| line == needed), "{name}: {needed} is not in {seen}");
        }
    }
}

#[test]
fn no_secret_of_the_environment_reaches_a_tool() {
    let secrets = [
        "AZURE_API_KEY",
        "OPENAI_API_KEY",
        "AZURE_AD_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "IDENTITY_HEADER",
        "MY_MODEL_KEY",
    ];
    let needed = [
        ("HOME", "/home/of-a-test"),
        ("AZURE_CONFIG_DIR", "/azure"),
        ("LANG", "C.UTF-8"),
        ("REQUESTS_CA_BUNDLE", "/bundle.pem"),
        ("XDG_RUNTIME_DIR", "/run/user/1"),
    ];
    let test = concat!(module_path!(), "::tools_see_what_they_need");
    let (_, test) = test.split_once("::").expect("a path in the crate");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--include-ignored"])
        .env_clear()
        .envs(secrets.map(|name| (name, "canary")))
        .envs(needed)
        .output()
        .expect("a second run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
