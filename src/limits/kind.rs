//! Which limits there are, and the error when one is exceeded.

use std::time::Duration;

/// A limit that can be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "named after what is limited; docs/operations.md"
)]
pub enum LimitKind {
    Connections,
    ConnectionsPerAddress,
    LongPolls,
    PublishRate,
    HeaderBytes,
    MessageBytes,
    BodyTimeout,
    PongTimeout,
    JournalQueue,
    LabClients,
}

impl LimitKind {
    /// Every limit.
    pub const ALL: [Self; 10] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::LongPolls,
        Self::PublishRate,
        Self::HeaderBytes,
        Self::MessageBytes,
        Self::BodyTimeout,
        Self::PongTimeout,
        Self::JournalQueue,
        Self::LabClients,
    ];

    /// Returns the name used in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::LongPolls => "long_polls",
            Self::PublishRate => "publish_rate",
            Self::HeaderBytes => "header_bytes",
            Self::MessageBytes => "message_bytes",
            Self::BodyTimeout => "body_timeout",
            Self::PongTimeout => "pong_timeout",
            Self::JournalQueue => "journal_queue",
            Self::LabClients => "lab_clients",
        }
    }
}

/// A client exceeded a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The limit.
    pub kind: LimitKind,
    /// The time after which the client may succeed, if it is known.
    pub retry_after: Option<Duration>,
}

impl From<LimitKind> for LimitExceeded {
    fn from(kind: LimitKind) -> Self {
        Self {
            kind,
            retry_after: None,
        }
    }
}
