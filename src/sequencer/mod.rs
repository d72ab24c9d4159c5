//! The sequencer: who gives a message its version, and what must have happened before anybody
//! hears of it.
//!
//! Alone, the process counts: a message is numbered as it comes and lives as long as the log.
//! With a [`journal`], it is written down first.

mod file;
pub mod journal;

use std::io;

use actix_web::web;

use crate::message_log::{Closed, MessageLog, Publication, Published};
use crate::metrics::Commits;
use crate::options::Options;
use journal::Journal;

/// Numbers what is published, and hands it to the log.
pub struct Sequencer {
    log: web::Data<MessageLog>,
    journal: Option<Journal>,
}

/// Why a message was not published. Its publisher may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The server is shutting down.
    Closed,
    /// More is waiting to be written than the journal takes.
    Busy,
    /// The journal could not be written: the disk is full, or broken.
    Unwritten,
}

impl From<Closed> for Refused {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl Sequencer {
    /// The process itself, for this log.
    pub fn in_memory(log: web::Data<MessageLog>) -> Self {
        Self { log, journal: None }
    }

    /// The sequencer that the flags ask for, with the log that it goes on with.
    ///
    /// # Errors
    /// When the journal cannot be gone on with; the message says why.
    pub fn open(options: &Options) -> io::Result<Self> {
        let Some(path) = &options.journal else {
            let log = MessageLog::new(options.retention());
            return Ok(Self::in_memory(web::Data::new(log)));
        };
        let (log, journal) = journal::open(path, options.retention())?;
        Ok(Self {
            log: log.into(),
            journal: Some(journal),
        })
    }

    /// The log that it numbers for.
    pub fn log(&self) -> &web::Data<MessageLog> {
        &self.log
    }

    /// Publishes a message. When this returns it has its version, and is kept as safely as it
    /// will ever be.
    ///
    /// # Cancel safety
    /// Who drops the future does not get to know; the message may be published all the same.
    ///
    /// # Errors
    /// [`Refused`], and then the message is not published.
    pub async fn publish(&self, new: Publication) -> Result<Published, Refused> {
        match &self.journal {
            None => Ok(self.log.append(new)?),
            Some(journal) => journal.publish(new).await,
        }
    }

    /// What the journal's commits took, if there is one.
    pub fn commits(&self) -> Option<&Commits> {
        self.journal.as_ref().map(|journal| &journal.commits)
    }

    /// Ends what [`publish`](Self::publish) needs. The journal is then one file again.
    pub async fn end(&self) {
        if let Some(journal) = &self.journal {
            journal.end().await;
        }
    }
}
