//! Writes a large recorded cluster with one fault: `record_large PODS OUT [SEED]`. OUT is an archive when it ends
//! with `.tar.gz`, else a folder.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use holmes_fakes::large::{self, Size};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<u32>().ok());
    let (Some(pods), Some(out)) = (number(0), arguments.get(1).map(PathBuf::from)) else {
        let _ = writeln!(std::io::stderr(), "usage: record_large PODS OUT [SEED]");
        return ExitCode::from(2);
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let recording = root.join("examples/clusters/missing-configmap.tar.gz");
    let size = Size { pods: pods as usize, seed: number(2).unwrap_or_default() };
    match large::write(&recording, large::FAULT, size, &out) {
        Ok(written) => {
            let _ = writeln!(
                std::io::stdout(),
                "{}: {} pods, {} objects, {} MB",
                out.display(),
                written.pods,
                written.objects,
                written.bytes / 1_000_000
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot write {}: {error}", out.display());
            ExitCode::FAILURE
        }
    }
}
