//! Entra and Azure `OpenAI` as a shell can use them: `serve_azure DIRECTORY ENTRA-PORT AZURE-PORT ROTATE-SECONDS`.
//!
//! Writes the authority's certificate, the projected token and an `env` file to source, then rotates the
//! projected token until it is interrupted. Projected tokens and access tokens live for two rotations.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use holmes_fakes::{FakeAzureOpenAi, FakeEntra, TestAuthority, azure_openai::Endless};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<Vec<u16>> = arguments.iter().skip(1).map(|text| text.parse().ok()).collect();
    let (Some(directory), Some(&[entra_port, azure_port, rotate])) =
        (arguments.first(), numbers.as_deref().and_then(|numbers| <&[u16; 3]>::try_from(numbers).ok()))
    else {
        return ExitCode::from(2);
    };
    match serve(Path::new(directory), entra_port, azure_port, Duration::from_secs(rotate.max(1).into())).await
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn serve(directory: &Path, entra_port: u16, azure_port: u16, rotate: Duration) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    let authority = TestAuthority::new();
    let certificate = directory.join("ca.pem");
    authority.write_pem(&certificate)?;
    let entra = FakeEntra::start_on(&authority, entra_port).await;
    entra.set_lifetime(rotate * 2);
    let azure = FakeAzureOpenAi::start_on(Some(&authority), entra.tokens(), azure_port).await;
    azure.set_endless(Some(Endless {
        tool: "kubectl_get_by_kind_in_cluster".to_owned(),
        arguments: serde_json::json!({"kind": "pod"}),
        text: "All is well.".to_owned(),
    }));
    let token = directory.join("token");
    let environment = [
        ("SSL_CERT_FILE", certificate.display().to_string()),
        ("AZURE_AUTHORITY_HOST", entra.authority_host()),
        ("AZURE_TENANT_ID", entra.tenant_id().to_owned()),
        ("AZURE_CLIENT_ID", entra.client_id().to_owned()),
        ("AZURE_FEDERATED_TOKEN_FILE", token.display().to_string()),
        ("AZURE_API_BASE", azure.base()),
        ("FAKE_CLIENT_SECRET", entra.client_secret().to_owned()),
        ("FAKE_API_KEY", azure.api_key().to_owned()),
    ];
    let lines: Vec<String> =
        environment.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let mut first = true;
    loop {
        // A reader sees the old file or the new one. As with the kubelet, the old token ages out by itself.
        let fresh = directory.join("token.new");
        fs::write(&fresh, entra.mint_assertion(rotate * 2))?;
        fs::rename(&fresh, &token)?;
        if std::mem::take(&mut first) {
            fs::write(directory.join("env"), lines.concat())?;
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = tokio::time::sleep(rotate) => {}
        }
    }
}
