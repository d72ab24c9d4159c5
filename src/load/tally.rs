//! The books: what came to each client, and what it cost. One book for each thread, so that
//! its lock is nearly always free.

use std::ops::{AddAssign, SubAssign};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;

use super::batch::{Reader, Said};
use super::flags::Technique;
use super::schedule::Schedule;
use super::seen::Seen;
use super::wire::{Account, Bytes};

/// An empty histogram of microseconds, from 1 µs to an hour, exact to three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("these bounds are valid")
}

/// Adds a duration; more than an hour counts as an hour.
pub fn record(histogram: &mut Histogram<u64>, time: std::time::Duration) {
    histogram.saturating_record(time.as_micros() as u64);
}

/// What is counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Messages of this run that came, each counted once for each client.
    pub delivered: u64,
    /// Messages that came again.
    pub duplicate: u64,
    /// Messages that came behind a later one.
    pub out_of_order: u64,
    /// Messages of other publishers.
    pub foreign: u64,
    /// Requests and opening handshakes.
    pub requests: u64,
    /// Batches without a message, and answers 304.
    pub empty: u64,
    /// Polls that were left out, because the answer before had not come.
    pub skipped: u64,
    /// Times that the log could not continue.
    pub gaps: u64,
    /// Connections that failed or broke, and refusals.
    pub errors: u64,
    /// Connections besides each client's first.
    pub reconnects: u64,
    /// Bytes that were sent.
    pub bytes_up: u64,
    /// Bytes that came.
    pub bytes_down: u64,
}

impl Counters {
    fn add(&mut self, bytes: Bytes) {
        self.bytes_up += bytes.up;
        self.bytes_down += bytes.down;
    }

    fn pairs<'a>(&'a mut self, other: &'a Self) -> [(&'a mut u64, u64); 12] {
        [
            (&mut self.delivered, other.delivered),
            (&mut self.duplicate, other.duplicate),
            (&mut self.out_of_order, other.out_of_order),
            (&mut self.foreign, other.foreign),
            (&mut self.requests, other.requests),
            (&mut self.empty, other.empty),
            (&mut self.skipped, other.skipped),
            (&mut self.gaps, other.gaps),
            (&mut self.errors, other.errors),
            (&mut self.reconnects, other.reconnects),
            (&mut self.bytes_up, other.bytes_up),
            (&mut self.bytes_down, other.bytes_down),
        ]
    }
}

impl AddAssign<&Self> for Counters {
    fn add_assign(&mut self, other: &Self) {
        for (own, other) in self.pairs(other) {
            *own += other;
        }
    }
}

impl SubAssign<&Self> for Counters {
    fn sub_assign(&mut self, other: &Self) {
        for (own, other) in self.pairs(other) {
            *own -= other;
        }
    }
}

/// What the clients of one technique have counted, and how late their messages were.
#[derive(Debug, Clone)]
pub struct Tally {
    /// How many clients these are.
    pub clients: u64,
    /// How many of them have been connected.
    pub opened: u64,
    /// What they counted.
    pub counters: Counters,
    /// Messages that were published and did not come; counted at the end.
    pub lost: u64,
    /// Due to delivered, in µs.
    pub latency: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            clients: 0,
            opened: 0,
            counters: Counters::default(),
            lost: 0,
            latency: histogram(),
        }
    }
}

impl Tally {
    /// Adds what others counted.
    pub fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.opened += other.opened;
        self.counters += &other.counters;
        self.lost += other.lost;
        // Histograms of the same bounds always add up.
        let _ = self.latency.add(&other.latency);
    }
}

/// When the run began, and when each of its messages is due.
#[derive(Debug)]
pub struct Times {
    /// The start, once there is one.
    pub start: OnceLock<Instant>,
    /// The due times, counted from the start.
    pub schedule: Schedule,
}

/// One thread's book.
pub struct Book {
    times: Arc<Times>,
    pages: Mutex<Pages>,
}

struct Pages {
    reader: Reader,
    tallies: [Tally; 3],
    clients: Vec<Client>,
    first_error: Option<String>,
}

/// Where a client stands.
struct Client {
    technique: Technique,
    is_open: bool,
    connections: u64,
    epoch: Arc<str>,
    version: u64,
    seen: Seen,
}

/// What a client's answer means for what it does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing special.
    Wait,
    /// There is more to ask for at once.
    Ask,
    /// The log could not continue from the cursor; the new one is in the book.
    Gap,
}

impl Book {
    /// A book without clients. `mark` is how the `id` of this run's messages begins.
    pub fn new(times: Arc<Times>, mark: Arc<str>) -> Self {
        Self {
            times,
            pages: Mutex::new(Pages {
                reader: Reader::new(mark),
                tallies: Default::default(),
                clients: Vec::new(),
                first_error: None,
            }),
        }
    }

    /// Adds a client that holds everything up to `version`.
    pub fn open(
        self: &Arc<Self>,
        technique: Technique,
        epoch: &Arc<str>,
        version: u64,
    ) -> Page {
        let mut pages = self.pages.lock();
        pages.tallies[technique as usize].clients += 1;
        pages.clients.push(Client {
            technique,
            is_open: false,
            connections: 0,
            epoch: epoch.clone(),
            version,
            seen: Seen::default(),
        });
        Page {
            book: self.clone(),
            technique,
            client: pages.clients.len() - 1,
        }
    }

    /// Adds up what all clients counted, by technique.
    pub fn sum(&self, into: &mut [Tally; 3]) {
        let pages = self.pages.lock();
        for (sum, tally) in into.iter_mut().zip(&pages.tallies) {
            sum.add(tally);
        }
    }

    /// How many clients are open, and how many messages came to all of them.
    pub fn progress(&self) -> (u64, u64) {
        let pages = self.pages.lock();
        let tallies = pages.tallies.iter();
        tallies.fold((0, 0), |(opened, delivered), tally| {
            (opened + tally.opened, delivered + tally.counters.delivered)
        })
    }

    /// The counters as they are, by technique.
    pub fn counters(&self) -> [Counters; 3] {
        let pages = self.pages.lock();
        [0, 1, 2].map(|index| pages.tallies[index].counters)
    }

    /// Counts what each client missed of the messages that are known to be in the log.
    pub fn count_lost(&self, published: &Seen) {
        let mut pages = self.pages.lock();
        let Pages {
            tallies, clients, ..
        } = &mut *pages;
        for client in clients {
            tallies[client.technique as usize].lost +=
                published.len() - client.seen.shared(published);
        }
    }

    /// The first error that a client had.
    pub fn first_error(&self) -> Option<String> {
        self.pages.lock().first_error.clone()
    }
}

/// A client's page in the book.
#[derive(Clone)]
pub struct Page {
    book: Arc<Book>,
    technique: Technique,
    client: usize,
}

impl Account for Page {
    fn count(&self, bytes: Bytes) {
        self.book(bytes, |_| {});
    }
}

impl Page {
    /// Counts bytes, and what they were for, in one go: whoever looks sees both or neither.
    pub fn book(&self, bytes: Bytes, count: impl FnOnce(&mut Counters)) {
        let mut pages = self.book.pages.lock();
        let counters = &mut pages.tallies[self.technique as usize].counters;
        counters.add(bytes);
        count(counters);
    }

    /// Counts an error; the first one's text is kept.
    pub fn error(&self, text: impl Into<String>) {
        let mut pages = self.book.pages.lock();
        pages.tallies[self.technique as usize].counters.errors += 1;
        if pages.first_error.is_none() {
            pages.first_error = Some(text.into());
        }
    }

    /// Counts a connection.
    pub fn connected(&self) {
        let mut pages = self.book.pages.lock();
        let client = &mut pages.clients[self.client];
        client.connections += 1;
        if client.connections > 1 {
            pages.tallies[self.technique as usize].counters.reconnects += 1;
        }
    }

    /// The client is where messages can come to it.
    pub fn opened(&self) {
        let mut pages = self.book.pages.lock();
        let client = &mut pages.clients[self.client];
        if !client.is_open {
            client.is_open = true;
            pages.tallies[self.technique as usize].opened += 1;
        }
    }

    /// Whether it has ever been there.
    pub fn is_open(&self) -> bool {
        self.book.pages.lock().clients[self.client].is_open
    }

    /// The cursor, as it stands in a query.
    pub fn cursor(&self) -> String {
        let pages = self.book.pages.lock();
        let Client { epoch, version, .. } = &pages.clients[self.client];
        format!("since={version}&epoch={epoch}")
    }

    /// Takes what the server said, which was here at `at` and cost so many bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&self, json: &[u8], at: Instant, bytes: Bytes) -> Result<Next, String> {
        let mut pages = self.book.pages.lock();
        let counters = &mut pages.tallies[self.technique as usize].counters;
        counters.add(bytes);
        let said = pages.reader.read(json)?;
        let Pages {
            tallies, clients, ..
        } = &mut *pages;
        let client = &mut clients[self.client];
        let Tally {
            counters, latency, ..
        } = &mut tallies[self.technique as usize];
        match &*said {
            Said::Batch {
                epoch,
                version,
                is_cut,
                messages,
            } => {
                if client.epoch != *epoch {
                    client.epoch = epoch.clone();
                    client.version = 0;
                }
                counters.empty += u64::from(messages.is_empty());
                for &(version, number) in messages {
                    let is_late = version <= client.version;
                    client.version = client.version.max(version);
                    let Some(number) = number else {
                        counters.foreign += 1;
                        continue;
                    };
                    if !client.seen.insert(number) {
                        counters.duplicate += 1;
                        continue;
                    }
                    counters.delivered += 1;
                    counters.out_of_order += u64::from(is_late);
                    if let Some(start) = self.book.times.start.get() {
                        let due = *start + self.book.times.schedule.due(number);
                        record(latency, at.saturating_duration_since(due));
                    }
                }
                client.version = *version;
                Ok(if *is_cut { Next::Ask } else { Next::Wait })
            }
            Said::Gap { epoch, version } => {
                counters.gaps += 1;
                client.epoch = epoch.clone();
                client.version = *version;
                Ok(Next::Gap)
            }
            Said::Other => Ok(Next::Wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A client of a run with ten messages a second, which began now.
    fn client() -> (Arc<Book>, Page, Instant) {
        let start = Instant::now();
        let times = Arc::new(Times {
            start: start.into(),
            schedule: Schedule::new(10.0, 10.0),
        });
        let book = Arc::new(Book::new(times, "m-".into()));
        let page = book.open(Technique::Ws, &"e".into(), 0);
        (book, page, start)
    }

    fn batch(messages: &[(u64, &str)]) -> String {
        let last = messages.last().map_or(0, |message| message.0);
        let messages: Vec<_> = messages
            .iter()
            .map(|(version, id)| format!(r#"{{"version":{version},"id":"{id}"}}"#))
            .collect();
        format!(
            r#"{{"type":"batch","epoch":"e","version":{last},"head":{last},"messages":[{}]}}"#,
            messages.join(",")
        )
    }

    fn tally(book: &Book) -> Tally {
        let mut sums = Default::default();
        book.sum(&mut sums);
        sums[Technique::Ws as usize].clone()
    }

    #[test]
    fn latency_is_counted_from_the_due_time() {
        let (book, page, start) = client();
        let json = batch(&[(1, "m-0"), (2, "m-5")]);
        page.take(
            json.as_bytes(),
            start + Duration::from_millis(700),
            Bytes::default(),
        )
        .unwrap();
        let latency = tally(&book).latency;
        assert_eq!(latency.len(), 2);
        // Exact to three digits: 700 ms and 200 ms.
        assert!(
            latency.equivalent(latency.max(), 700_000),
            "{}",
            latency.max()
        );
        assert!(
            latency.equivalent(latency.min(), 200_000),
            "{}",
            latency.min()
        );
    }

    #[test]
    fn what_is_lost_comes_again_or_late_is_told_apart() {
        let (book, page, start) = client();
        for messages in [
            &[(1, "m-0"), (2, "m-1")][..],
            &[(4, "m-3")], // m-2 is left out
            &[(2, "m-1")], // again
            &[(6, "m-5")],
            &[(5, "m-4"), (7, "other")], // behind a later one; another publisher's
            &[(9, "m-7"), (8, "m-6")],
        ] {
            page.take(batch(messages).as_bytes(), start, Bytes::default())
                .unwrap();
        }
        let mut published = Seen::default();
        for number in 0..8 {
            published.insert(number);
        }
        book.count_lost(&published);
        let Tally { lost, counters, .. } = tally(&book);
        assert_eq!(lost, 1);
        assert_eq!(
            counters,
            Counters {
                delivered: 7,
                duplicate: 1,
                out_of_order: 2,
                foreign: 1,
                ..Counters::default()
            }
        );
    }

    #[test]
    fn after_a_restart_versions_begin_anew() {
        let (book, page, start) = client();
        page.take(batch(&[(9, "m-0")]).as_bytes(), start, Bytes::default())
            .unwrap();
        let gap = r#"{"type":"gap","reason":"epoch","epoch":"f","oldest":1,"head":0}"#;
        assert_eq!(
            page.take(gap.as_bytes(), start, Bytes::default()),
            Ok(Next::Gap)
        );
        assert_eq!(page.cursor(), "since=0&epoch=f");
        let json = batch(&[(1, "m-1")]).replace(r#""e""#, r#""f""#);
        page.take(json.as_bytes(), start, Bytes::default()).unwrap();
        // Nor need a server tell the gap.
        let json = batch(&[(1, "m-2")]).replace(r#""e""#, r#""g""#);
        page.take(json.as_bytes(), start, Bytes::default()).unwrap();
        let counters = tally(&book).counters;
        assert_eq!((counters.gaps, counters.delivered), (1, 3));
        assert_eq!(counters.out_of_order, 0);
    }

    #[test]
    fn all_counters_are_added_and_taken_off() {
        let ones = r#"[1,1,1,1,1,1,1,1,1,1,1,1]"#;
        let mut sum = Counters::default();
        let one = {
            let mut one = Counters::default();
            for (own, _) in one.pairs(&Counters::default()) {
                *own = 1;
            }
            one
        };
        let values = serde_json::to_value(one).unwrap();
        let values: Vec<_> = values.as_object().unwrap().values().collect();
        assert_eq!(serde_json::to_string(&values).unwrap(), ones);
        sum += &one;
        sum += &one;
        sum -= &one;
        assert_eq!(sum, one);
    }
}
