//! The command line reports where the server listens, or why it cannot.

use crate::common;

use common::{Program, RawConnection};

#[tokio::test]
async fn first_line_is_listen_address() {
    let program = Program::start(&[]);
    assert_ne!(program.address.port(), 0);
    assert_eq!(
        program.first_line,
        format!("listening on http://{}\n", program.address)
    );
    let mut connection = RawConnection::connect(program.address).await;
    assert_eq!(connection.get("/health").await.status, 200);
}

#[tokio::test]
async fn every_flag_has_an_environment_variable() {
    let mut command = Program::command(&["--listen=127.0.0.1:0", "--help"]);
    let help = command.output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--"));
    let names = flags.map(|flag| flag.split(' ').next().unwrap().replace('-', "_"));
    let names: Vec<_> = names.collect();
    assert!(names.len() >= 8, "{help}");
    for name in names {
        let variable = format!("[env: TRIFOLD_{}=", name.to_uppercase());
        assert!(help.contains(&variable), "{variable} in {help}");
    }
}

#[tokio::test]
async fn address_in_use_is_reported() {
    let first = Program::start(&[]);
    let address = first.address.to_string();
    let second = Program::command(&["--listen", &address]).output().unwrap();
    assert!(!second.status.success());
    assert!(second.stdout.is_empty());
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(message.contains(&address), "{message}");
}

#[tokio::test]
async fn out_of_range_flag_is_reported() {
    for flag in [
        "--retain-messages=0",
        "--retain-bytes=0",
        "--max-message-bytes=0",
        "--workers=0",
    ] {
        let output = Program::command(&["--listen=127.0.0.1:0", flag])
            .output()
            .unwrap();
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.contains(flag.split('=').next().unwrap()),
            "{message}"
        );
    }
}
