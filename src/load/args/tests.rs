//! Mixes of transports.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct TestCommand {
    #[command(flatten)]
    load: LoadArgs,
}

fn mix(flags: &[&str]) -> Result<Vec<(Transport, usize)>, String> {
    let command = TestCommand::try_parse_from([&["load"], flags].concat());
    let mix = command.map_err(|error| error.to_string())?.load.mix()?;
    Ok(mix.0)
}

#[test]
fn mix_is_parsed() {
    use Transport::{Longpoll, Poll, Ws};
    for (flags, expected) in [
        (&[][..], &[(Ws, 100)][..]),
        (&["--transport=poll", "--clients=7"], &[(Poll, 7)]),
        (&["--transport=poll=7"], &[(Poll, 7)]),
        (
            &["--transport=ws,poll", "--clients=7"],
            &[(Ws, 4), (Poll, 3)],
        ),
        (
            &["--transport=ws=8,longpoll=1", "--transport=poll=2"],
            &[(Ws, 8), (Longpoll, 1), (Poll, 2)],
        ),
        (
            &["--transport=ws=8,poll=2", "--clients=10"],
            &[(Ws, 8), (Poll, 2)],
        ),
    ] {
        assert_eq!(mix(flags).as_deref(), Ok(expected), "{flags:?}");
    }
}

#[test]
fn contradictory_mix_is_rejected() {
    for (flags, expected) in [
        (&["--transport=sse"][..], "poll, longpoll or ws"),
        (&["--transport="], "poll, longpoll or ws"),
        (&["--transport=ws=0"], "from 1 to"),
        (&["--transport=ws=-1"], "from 1 to"),
        (&["--transport=ws=x"], "from 1 to"),
        (&["--transport=ws,ws"], "twice"),
        (&["--transport=ws=1,poll"], "for each part"),
        (&["--transport=ws=8,poll=2", "--clients=9"], "has 10"),
        (&["--transport=ws,poll", "--clients=1"], "too few"),
        (&["--transport=ws=1000000,poll=1"], "too many"),
        (&["--clients=1000001"], "too many to measure"),
        (&["--clients=10000000001"], "10000000000"),
        (&["--transport=ws=10000000001"], "10000000000"),
    ] {
        let error = mix(flags).unwrap_err();
        assert!(error.contains(expected), "{flags:?}: {error}");
    }
}
