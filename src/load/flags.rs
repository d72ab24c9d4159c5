//! The flags of `trifold load`.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde::{Serialize, Serializer};

use super::process::cores;
use super::target::Url;

/// How many clients there are when the command line does not say.
const CLIENTS: usize = 100;

/// Most clients; one process has fewer files anyway.
const CLIENTS_MAX: usize = 1_000_000;

/// Most messages of a run: each client keeps account of every one that it missed.
const MESSAGES_MAX: f64 = 10_000_000.0;

/// Measure a server: many clients, messages at a steady rate, and what came of it
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Ends with 0 when every client got every message once and in order, with 1 when not, \
and with 2 when nothing could be measured."
)]
pub struct Load {
    /// The server
    #[arg(default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: Url,

    /// Clients in all, if the mix does not say [default: 100]
    #[arg(long, value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=CLIENTS_MAX as u64))]
    pub clients: Option<usize>,

    /// poll, longpoll or ws; or a mix: in equal parts (ws,poll) or in parts that are given
    /// (ws=800,longpoll=150,poll=50)
    #[arg(long, value_name = "MIX", default_value = "ws", value_delimiter = ',')]
    pub technique: Vec<Share>,

    /// Milliseconds from one poll of a client to its next, 1 to 3600000
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub every_ms: u64,

    /// Let polls carry the ETag of the answer before, so that the server may say 304
    #[arg(long)]
    pub conditional: bool,

    /// Messages a second, up to 100000; 0 publishes nothing, and measures what waiting costs
    #[arg(long, value_name = "R", default_value_t = 20.0,
          value_parser = number(0.0..=100_000.0))]
    pub rate: f64,

    /// How long messages are published, 0.1 to 86400
    #[arg(long, value_name = "S", default_value_t = 10.0,
          value_parser = number(0.1..=86_400.0))]
    pub seconds: f64,

    /// Bytes of each message's body as JSON, 2 to 1048576; the server may allow less
    #[arg(long, value_name = "BYTES", default_value_t = 100,
          value_parser = RangedU64ValueParser::<usize>::new().range(2..=1 << 20))]
    pub size: usize,

    /// Clients a second that are opened, up to 100000
    #[arg(long, value_name = "N", default_value_t = 2000.0,
          value_parser = number(1.0..=100_000.0))]
    pub ramp: f64,

    /// Seconds without any message after which what is missing is lost, 0.1 to 600; polls get
    /// their interval on top
    #[arg(long, value_name = "S", default_value_t = 5.0,
          value_parser = number(0.1..=600.0))]
    pub patience: f64,

    /// Let clients that lost their connection stay away
    #[arg(long)]
    pub no_reconnect: bool,

    /// Addresses, from 127.0.0.1 on, that clients come from if the server is on one of these,
    /// 1 to 250
    #[arg(long, value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u8).range(1..=250))]
    pub sources: u8,

    /// Threads that run the clients, 1 to 256 [default: one for each core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub threads: usize,

    /// The server is on another machine, and may be put under load
    #[arg(long)]
    pub allow_remote: bool,

    /// The server's process, for its CPU and memory [default: whoever listens there]
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pub pid: Option<u32>,

    /// Print JSON instead of the table; with =FILE write it there
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// Draw the distribution of latency into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// How a client learns of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Technique {
    /// It asks at intervals.
    Poll,
    /// It asks, and the server holds the answer until there is news.
    Longpoll,
    /// It asks once, and hears for ever.
    Ws,
}

impl Technique {
    /// All three; the index is the number of the variant.
    pub const ALL: [Self; 3] = [Self::Poll, Self::Longpoll, Self::Ws];

    /// Its name, as the protocol and the flags have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Longpoll => "longpoll",
            Self::Ws => "ws",
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// One part of a mix: `ws`, or `ws=800`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    technique: Technique,
    clients: Option<usize>,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, clients) = match text.split_once('=') {
            Some((name, count)) => (name, Some(count)),
            None => (text, None),
        };
        let technique = Technique::ALL.into_iter().find(|own| own.name() == name);
        let count = |count: &str| match count.parse() {
            Ok(count @ 1..=CLIENTS_MAX) => Ok(count),
            _ => Err(format!("{name}=N takes a number from 1 to {CLIENTS_MAX}")),
        };
        Ok(Self {
            technique: technique.ok_or("it must be poll, longpoll or ws")?,
            clients: clients.map(count).transpose()?,
        })
    }
}

/// How many clients each technique has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(pub Vec<(Technique, usize)>);

impl Serialize for Mix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Mix {
    /// How many clients there are in all.
    pub fn clients(&self) -> usize {
        self.0.iter().map(|(_, clients)| clients).sum()
    }

    /// The clients in an order in which all techniques are spread evenly.
    pub fn spread(&self) -> Vec<Technique> {
        let mut places: Vec<_> = self
            .0
            .iter()
            .flat_map(|&(technique, count)| {
                (0..count).map(move |own| ((own as f64 + 0.5) / count as f64, technique))
            })
            .collect();
        places.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        places.into_iter().map(|(_, technique)| technique).collect()
    }
}

impl Load {
    /// How many clients each technique has.
    ///
    /// # Errors
    /// When the flags contradict each other, with the names of those that do.
    pub fn mix(&self) -> Result<Mix, String> {
        let shares = &self.technique;
        for (index, share) in shares.iter().enumerate() {
            let name = share.technique;
            if shares[..index].iter().any(|own| own.technique == name) {
                return Err(format!("--technique names {name} twice"));
            }
        }
        let given: Vec<_> = shares.iter().filter_map(|share| share.clients).collect();
        let counts = if given.is_empty() {
            let clients = self.clients.unwrap_or(CLIENTS);
            let parts = shares.len();
            if clients < parts {
                return Err(format!(
                    "--clients {clients} is too few for {parts} techniques"
                ));
            }
            // What does not divide goes to the first ones, one each.
            let part = |index| clients / parts + usize::from(index < clients % parts);
            (0..parts).map(part).collect()
        } else if given.len() < shares.len() {
            return Err(
                "--technique takes a number for each part of a mix, or for none".into(),
            );
        } else {
            given
        };
        let names = shares.iter().map(|share| share.technique);
        let mix = Mix(names.zip(counts).collect());
        let sum = mix.clients();
        match self.clients {
            Some(clients) if clients != sum => Err(format!(
                "--clients {clients} contradicts --technique, whose parts are {sum} in all"
            )),
            _ if sum > CLIENTS_MAX => {
                Err(format!("there can be {CLIENTS_MAX} clients at most"))
            }
            _ => Ok(mix),
        }
    }

    /// Checks what concerns several flags.
    ///
    /// # Errors
    /// When the flags contradict each other, with the names of those that do.
    pub fn check(&self) -> Result<(), String> {
        let messages = self.rate * self.seconds;
        if messages > MESSAGES_MAX {
            return Err(format!(
                "--rate {} for --seconds {} are {messages:.0} messages; {MESSAGES_MAX} are the most",
                self.rate, self.seconds
            ));
        }
        if self.rate > 0.0 && messages < 1.0 {
            return Err(format!(
                "--rate {} for --seconds {} is not one message",
                self.rate, self.seconds
            ));
        }
        self.mix().map(|_| ())
    }
}

/// Takes a decimal number in a range.
fn number(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "it must be a number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: Load,
    }

    fn mix(flags: &[&str]) -> Result<Vec<(Technique, usize)>, String> {
        let line = Line::try_parse_from([&["load"], flags].concat());
        let mix = line.map_err(|error| error.to_string())?.load.mix()?;
        Ok(mix.0)
    }

    #[test]
    fn a_mix_is_read() {
        use Technique::{Longpoll, Poll, Ws};
        for (flags, wanted) in [
            (&[][..], &[(Ws, 100)][..]),
            (&["--technique=poll", "--clients=7"], &[(Poll, 7)]),
            (&["--technique=poll=7"], &[(Poll, 7)]),
            (
                &["--technique=ws,poll", "--clients=7"],
                &[(Ws, 4), (Poll, 3)],
            ),
            (
                &["--technique=ws=8,longpoll=1", "--technique=poll=2"],
                &[(Ws, 8), (Longpoll, 1), (Poll, 2)],
            ),
            (
                &["--technique=ws=8,poll=2", "--clients=10"],
                &[(Ws, 8), (Poll, 2)],
            ),
        ] {
            assert_eq!(mix(flags).as_deref(), Ok(wanted), "{flags:?}");
        }
    }

    #[test]
    fn a_mix_that_contradicts_itself_is_refused() {
        for (flags, named) in [
            (&["--technique=sse"][..], "poll, longpoll or ws"),
            (&["--technique="], "poll, longpoll or ws"),
            (&["--technique=ws=0"], "from 1 to"),
            (&["--technique=ws=-1"], "from 1 to"),
            (&["--technique=ws=x"], "from 1 to"),
            (&["--technique=ws,ws"], "twice"),
            (&["--technique=ws=1,poll"], "for each part"),
            (&["--technique=ws=8,poll=2", "--clients=9"], "10 in all"),
            (&["--technique=ws,poll", "--clients=1"], "too few"),
            (&["--technique=ws=1000000,poll=1"], "at most"),
        ] {
            let error = mix(flags).unwrap_err();
            assert!(error.contains(named), "{flags:?}: {error}");
        }
    }

    #[test]
    fn techniques_are_spread_evenly() {
        use Technique::{Poll, Ws};
        let spread = Mix(vec![(Ws, 4), (Poll, 2)]).spread();
        assert_eq!(spread, [Ws, Poll, Ws, Ws, Poll, Ws]);
    }
}
