//! The cursor: what a reader says it holds, parsed in one place for all three techniques.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::iter;
use std::ops::RangeInclusive;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};

use crate::message_log::{MessageLog, Version};
use crate::problem::Problem;

/// Most messages in one batch that a reader may ask for.
pub const LIMIT_MAX: usize = 1000;

/// Most messages in one batch when the reader does not say.
pub const LIMIT_DEFAULT: usize = 500;

/// Where a reader stands: "I hold everything up to `since`". A version and an epoch, never a
/// time: two messages may carry the same time, and clocks jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The version that the reader holds; 0 for nothing.
    pub since: Version,
    /// The incarnation of the log that `since` belongs to; `None` is not checked.
    pub epoch: Option<Box<str>>,
    /// Most messages in one batch, 1 to [`LIMIT_MAX`].
    pub limit: usize,
}

impl Cursor {
    /// After `since`, in whatever incarnation, [`LIMIT_DEFAULT`] messages a batch.
    pub fn new(since: Version) -> Self {
        Self {
            since,
            epoch: None,
            limit: LIMIT_DEFAULT,
        }
    }

    /// Whether the cursor belongs to this incarnation of the log, or does not say.
    pub fn is_of(&self, epoch: &str) -> bool {
        self.epoch.as_deref().is_none_or(|own| own == epoch)
    }

    /// Reads `since`, `epoch` and `limit`. `since=now` is the log's head at this moment.
    fn parse(query: &Query, log: &MessageLog) -> Result<Self, Problem> {
        let since = match query.get("since")?.as_deref() {
            None => 0,
            Some("now") => log.head(),
            Some(_) => query.number("since", 0..=Version::MAX, 0).map_err(|_| {
                Problem::bad_request("`since` must be a whole number from 0 on, or `now`")
            })?,
        };
        Ok(Self {
            since,
            epoch: query.get("epoch")?.map(|epoch| epoch.into()),
            limit: query.number("limit", 1..=LIMIT_MAX as u64, LIMIT_DEFAULT as u64)?
                as usize,
        })
    }
}

impl FromRequest for Cursor {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let log = request.app_data::<web::Data<MessageLog>>();
        ready(match log {
            Some(log) => Self::parse(&Query::of(request), log),
            None => Err(Problem::unavailable("The log is not there yet")),
        })
    }
}

/// A request's query parameters. Names that no one asks for are left alone, so that a client
/// can make a URL unique; a name given twice is refused, because either value may be meant.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// The request's parameters.
    pub fn of(request: &'a HttpRequest) -> Self {
        let text = request.query_string();
        let is_encoded = text.bytes().any(|byte| matches!(byte, b'%' | b'+'));
        Self(if is_encoded {
            form_urlencoded::parse(text.as_bytes()).collect()
        } else {
            plain(text).collect()
        })
    }

    /// The value of one parameter.
    ///
    /// # Errors
    /// 400 when it is given twice.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
        let mut values = self.0.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.clone());
        match values.next() {
            None => Ok(value),
            Some(_) => Err(Problem::bad_request(format!("`{name}` is given twice"))),
        }
    }

    /// Whether there is a parameter of one of these names.
    pub fn has_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(own, _)| names.contains(&&**own))
    }

    /// The value of one whole number, or `default` where there is none.
    ///
    /// # Errors
    /// 400 that names the parameter and its range.
    pub fn number(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Problem> {
        let Some(value) = self.get(name)? else {
            return Ok(default);
        };
        // `u64::from_str` would take "+5", which means "␣5" in a query.
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        value
            .parse()
            .ok()
            .filter(|number| digits && range.contains(number))
            .ok_or_else(|| {
                let (low, high) = range.into_inner();
                Problem::bad_request(match high {
                    u64::MAX => format!("`{name}` must be a whole number from {low} on"),
                    _ => format!("`{name}` must be a whole number from {low} to {high}"),
                })
            })
    }
}

/// The pairs of a query in which nothing is encoded, as almost all are: it is read several times
/// for each request, and the decoder takes ten times as long.
fn plain(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let mut rest = Some(query);
    iter::from_fn(move || {
        let (pair, others) = cut(rest?, b'&');
        rest = others;
        let (name, value) = cut(pair, b'=');
        Some((name.into(), value.unwrap_or_default().into()))
    })
}

/// What is before the first of these bytes, and what is after it. `str::split_once` prepares for
/// texts longer than these.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == at) {
        Some(here) => (&text[..here], Some(&text[here + 1..])),
        None => (text, None),
    }
}
