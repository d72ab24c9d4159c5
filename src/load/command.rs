//! The subcommand `trifold load`: measures or plans, prints the report and writes files.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::args::LoadArgs;
use super::hgrm;
use super::measure::measure;
use super::mix::Transport;
use super::plan::plan;
use super::sweep::{self, sweep};
use super::sweep_plot;

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
    if !args.plan.is_empty() {
        return plan_and_print(args);
    }
    if !args.sweep.is_empty() {
        return sweep_and_print(args);
    }
    args.check()?;
    // Files are created first: an error after the measurement would lose its results.
    let mut files = OutputFiles::create(args)?;
    let result = measure(args)?;
    files.print(args, &result.report)?;
    if let Some(file) = files.plot {
        file.write(&result.latency_svg()?)?;
    }
    for (transport, file) in files.hgrm {
        let mut transports = result.transports.iter();
        if let Some((_, stats)) = transports.find(|(found, _)| *found == transport) {
            file.write(&hgrm::text(&stats.latency))?;
        }
    }
    Ok(result.report.ok)
}

fn sweep_and_print(args: &LoadArgs) -> Result<bool, String> {
    sweep::plan(args)?;
    let mut files = OutputFiles::create(args)?;
    let report = sweep(args)?;
    files.print(args, &report)?;
    if let Some(file) = files.plot {
        file.write(&sweep_plot::svg(&report)?)?;
    }
    Ok(report.ok)
}

fn plan_and_print(args: &LoadArgs) -> Result<bool, String> {
    let report = plan(args)?;
    OutputFiles::create(args)?.print(args, &report)?;
    Ok(true)
}

/// Returns whether `--json` has no file.
fn is_stdout(args: &LoadArgs) -> bool {
    args.json.as_deref() == Some(Path::new("-"))
}

/// All files of a run.
struct OutputFiles {
    json: Option<OutputFile>,
    plot: Option<OutputFile>,
    hgrm: Vec<(Transport, OutputFile)>,
}

impl OutputFiles {
    fn create(args: &LoadArgs) -> Result<Self, String> {
        let json = args.json.as_deref().filter(|_| !is_stdout(args));
        let mut hgrm = Vec::new();
        if let Some(file) = &args.hgrm {
            for (transport, _) in args.mix()?.0 {
                let path = hgrm::path(file, transport);
                hgrm.push((transport, OutputFile::create(&path)?));
            }
        }
        Ok(Self {
            json: json.map(OutputFile::create).transpose()?,
            plot: args.plot.as_deref().map(OutputFile::create).transpose()?,
            hgrm,
        })
    }
}

impl OutputFiles {
    /// Prints the report, as JSON or as a table, and writes the file of the JSON.
    fn print(
        &mut self,
        args: &LoadArgs,
        report: &(impl Serialize + Display),
    ) -> Result<(), String> {
        let json = serde_json::to_string_pretty(report)
            .map_err(|error| format!("cannot encode the report: {error}"))?;
        match is_stdout(args) {
            true => print(&format!("{json}\n")),
            false => print(&report.to_string()),
        }?;
        match self.json.take() {
            Some(file) => file.write(&format!("{json}\n")),
            None => Ok(()),
        }
    }
}

/// A file that is opened before the measurement and written after it.
struct OutputFile {
    file: File,
    path: PathBuf,
}

impl OutputFile {
    /// Opens the file without changing it: a failed run must not destroy an earlier result.
    fn create(path: &Path) -> Result<Self, String> {
        let mut options = File::options();
        let file = options.create(true).write(true).truncate(false).open(path);
        let path = path.to_owned();
        match file {
            Ok(file) => Ok(Self { file, path }),
            Err(error) => Err(format!("cannot create {}: {error}", path.display())),
        }
    }

    fn write(mut self, text: &str) -> Result<(), String> {
        let _ = self.file.set_len(0); // a pipe has no length
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
