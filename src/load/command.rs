//! The subcommand `trifold load`: measures, prints the report and writes files.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::args::LoadArgs;
use super::measure::measure;

/// Exit code if messages were lost, duplicated or out of order.
const EXIT_DELIVERY_FAILED: u8 = 1;

/// Exit code if nothing could be measured; clap uses it for invalid flags, too.
const EXIT_ERROR: u8 = 2;

/// Measures a server, and prints the report. Errors are printed to standard error.
pub fn main(args: &LoadArgs) -> ExitCode {
    match measure_and_print(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => EXIT_DELIVERY_FAILED.into(),
        Err(error) => {
            eprintln!("error: {error}");
            EXIT_ERROR.into()
        }
    }
}

fn measure_and_print(args: &LoadArgs) -> Result<bool, String> {
    args.check()?;
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    // Files are created first: an error after the measurement would lose its results.
    let json_path = args.json.as_deref().filter(|_| !to_stdout);
    let json_file = json_path.map(OutputFile::create).transpose()?;
    let plot_file = args.plot.as_deref().map(OutputFile::create).transpose()?;

    let result = measure(args)?;
    let json = serde_json::to_string_pretty(&result.report)
        .map_err(|error| format!("cannot encode the report: {error}"))?;
    match to_stdout {
        true => print(&format!("{json}\n")),
        false => print(&result.report.to_string()),
    }?;
    if let Some(file) = json_file {
        file.write(&format!("{json}\n"))?;
    }
    if let Some(file) = plot_file {
        file.write(&result.latency_svg())?;
    }
    Ok(result.report.ok)
}

/// A file that is created before the measurement and written after it.
struct OutputFile<'a> {
    file: File,
    path: &'a Path,
}

impl<'a> OutputFile<'a> {
    fn create(path: &'a Path) -> Result<Self, String> {
        let file = File::create(path);
        file.map(|file| Self { file, path })
            .map_err(|error| format!("cannot create {}: {error}", path.display()))
    }

    fn write(mut self, text: &str) -> Result<(), String> {
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()))
    }
}

fn print(text: &str) -> Result<(), String> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("cannot write to standard output: {error}"))
}
