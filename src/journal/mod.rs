//! The write path of the log: in memory, or through a journal on disk.
//!
//! In memory, [`LogWriter`] appends directly. With a journal, a writer thread assigns versions to
//! all queued messages, commits them in one transaction, appends them to the log and then
//! replies, so a reader never sees a message that a crash could lose. Readers are unaffected.

mod error;
mod file_identity;
mod log_writer;
mod metrics;
mod sqlite;
mod writer;

pub use error::PublishError;
pub use log_writer::LogWriter;
