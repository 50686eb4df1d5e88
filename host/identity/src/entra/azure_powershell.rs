//! Link 6: whoever is signed in with Azure PowerShell. `azure_identity` has no such credential.

use std::{
    ffi::OsStr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use azure_identity::Executor;
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;

use crate::{AuthError, AuthErrorKind};

use super::{
    attempt::{Asked, Attempt, Obtained, Refusal},
    command::{self, Ended, Runner},
    sentence, tool,
};

/// Marks the line that carries the token's end and the token; a profile or a module may print others.
const MARK: &str = "holmes-token";
const NO_MODULE: &str = "holmes-no-module";

/// Runs `Get-AzAccessToken` unless there is no PowerShell.
pub(super) async fn attempt(runner: Arc<Runner>, asked: Asked<'_>) -> Attempt {
    let found = ["pwsh", "powershell"].into_iter().find_map(|name| command::find(runner.path(), name));
    let Some(program) = found else {
        return Err(Refusal::unavailable("neither `pwsh` nor `powershell` is on PATH"));
    };
    let encoded = encoded(&script(asked));
    let arguments = ["-NoProfile", "-NonInteractive", "-EncodedCommand", &encoded].map(OsStr::new);
    match runner.run(program.as_os_str(), &arguments).await {
        Ok(output) if output.status.success() => read(&String::from_utf8_lossy(&output.stdout)),
        Ok(_) | Err(_) => Err(refusal(runner.ended())),
    }
}

/// Tenant and scope hold letters, digits and `.-:/` only, so that they can not end their quotes.
fn script(asked: Asked<'_>) -> String {
    let resource = asked.scope.strip_suffix("/.default").unwrap_or(asked.scope);
    let tenant = asked.tenant.map(|tenant| format!("$asked['TenantId'] = '{tenant}'\n")).unwrap_or_default();
    // The error is written as plain text; PowerShell's own form of it depends on version and terminal.
    // Versions 2.17 up to 5 return plain text unless told otherwise; from 5 on a secure string is the default.
    format!(
        "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'\n\
         $WarningPreference = 'SilentlyContinue'\n\
         try {{\n\
         $module = Import-Module Az.Accounts -MinimumVersion 2.2.0 -PassThru -ErrorAction SilentlyContinue\n\
         if (-not $module) {{ Write-Output '{NO_MODULE}'; exit 0 }}\n\
         $asked = @{{ ResourceUrl = '{resource}' }}\n\
         {tenant}\
         if ($module.Version -ge [version]'2.17.0' -and $module.Version -lt [version]'5.0.0') {{\n\
         $asked['AsSecureString'] = $true }}\n\
         $answer = Get-AzAccessToken @asked\n\
         $token = $answer.Token\n\
         if ($token -is [System.Security.SecureString]) {{\n\
         $token = [System.Net.NetworkCredential]::new('', $token).Password }}\n\
         Write-Output \"{MARK} $($answer.ExpiresOn.ToUnixTimeSeconds()) $token\"\n\
         }} catch {{ [Console]::Error.WriteLine($_.Exception.Message); exit 1 }}\n"
    )
}

/// As `-EncodedCommand` takes it: nothing of the script is seen by another parser.
fn encoded(script: &str) -> String {
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    STANDARD.encode(bytes)
}

fn read(stdout: &str) -> Attempt {
    if stdout.lines().any(|line| line.trim() == NO_MODULE) {
        return Err(Refusal::unavailable("PowerShell has no Az.Accounts of 2.2.0 or later"));
    }
    let fields = stdout.lines().find_map(|line| line.trim().strip_prefix(MARK)?.trim().split_once(' '));
    let end = |seconds: &str| {
        let seconds = seconds.parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    };
    match fields.and_then(|(seconds, token)| Some((end(seconds)?, token.trim()))) {
        Some((expires_at, token)) if !token.is_empty() => Ok(Obtained {
            token: SecretString::from(token.to_owned()),
            expires_at,
            refresh_in: None,
            clock_offset_seconds: None,
            source: "Azure PowerShell",
        }),
        Some(_) | None => {
            let message =
                "Azure PowerShell did not print a token that can be read; is Az.Accounts up to date?";
            Err(Refusal::failed(AuthErrorKind::Configuration, message))
        }
    }
}

fn refusal(ended: Option<Ended>) -> Refusal {
    let said = match ended {
        Some(Ended::Badly(status, said)) if status.code() != Some(127) => said,
        Some(ended) => return tool::refusal("pwsh", &ended),
        None => String::new(),
    };
    let line = sentence::one_line(&said, &[]);
    let signed_out = said.contains("Connect-AzAccount");
    let forbidden = said.contains("running scripts is disabled") || said.contains("execution policy");
    if (signed_out || forbidden) && !said.contains("AADSTS") {
        let what = if signed_out { "is not signed in" } else { "may not run modules here" };
        return Refusal::Unavailable(format!("Azure PowerShell {what}: {line}"));
    }
    let error = AuthError::new(AuthErrorKind::Refused, format!("Azure PowerShell failed: {line}"));
    AuthError { aadsts: tool::number_in(&said), ..error }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_carries_resource_and_tenant() {
        let asked = Asked {
            tenant: Some("contoso"),
            client: None,
            scope: "https://x.example/.default",
            pinned: false,
        };
        let script = script(asked);
        assert!(script.contains("ResourceUrl = 'https://x.example' }"), "{script}");
        assert!(script.contains("$asked['TenantId'] = 'contoso'\n"), "{script}");
        assert_eq!(encoded("aß"), "YQDfAA==");
    }

    #[test]
    fn only_the_marked_line_is_the_token() {
        let obtained = read("Welcome\r\nholmes-token 1700000000 abc.def\r\nbye").expect("a token");
        assert_eq!(obtained.expires_at, SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        for output in
            ["", "holmes-token", "holmes-token x y", "holmes-token 99999999999999999999 y", "token 1 abc"]
        {
            assert!(matches!(read(output), Err(Refusal::Failed(_))), "{output}");
        }
        assert!(matches!(read("holmes-no-module\n"), Err(Refusal::Unavailable(_))));
    }
}
