//! What can go wrong in a store, without any of the data that it went wrong with.

use std::{fmt, io, sync::Arc};

/// What the driver said, reduced to what holds no data: a log may show all of it. The driver's
/// own text quotes values ("Key (name)=(…) already exists"), so it stops here.
#[derive(Clone, PartialEq, Eq)]
pub struct Cause(Arc<Facts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    what: &'static str,
    sqlstate: Option<String>,
    constraint: Option<String>,
    table: Option<String>,
    io: Option<io::ErrorKind>,
}

impl Cause {
    pub fn of(what: &'static str) -> Self {
        Self(Arc::new(Facts { what, sqlstate: None, constraint: None, table: None, io: None }))
    }

    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// For matching inside a store; never for a reply.
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    fn from_sqlx(error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        let mut facts =
            Facts { what: "driver", sqlstate: None, constraint: None, table: None, io: None };
        match error {
            E::Database(db) => {
                facts.what = "database";
                facts.sqlstate = db.code().map(|c| c.into_owned());
                facts.constraint = db.constraint().map(str::to_owned);
                facts.table = db.table().map(str::to_owned);
            }
            E::Io(e) => (facts.what, facts.io) = ("io", Some(e.kind())),
            E::Tls(_) => facts.what = "tls",
            E::Protocol(_) => facts.what = "protocol",
            E::PoolTimedOut => facts.what = "no connection in time",
            E::PoolClosed => facts.what = "pool closed",
            E::WorkerCrashed => facts.what = "worker crashed",
            E::BeginFailed => facts.what = "begin",
            E::Configuration(_) => facts.what = "configuration",
            E::ColumnDecode { .. } | E::Decode(_) => facts.what = "decode",
            E::ColumnNotFound(_) | E::ColumnIndexOutOfBounds { .. } => facts.what = "column",
            E::TypeNotFound { .. } => facts.what = "type",
            E::Encode(_) | E::InvalidArgument(_) => facts.what = "encode",
            E::RowNotFound => facts.what = "no row",
            _ => {}
        }
        Self(Arc::new(facts))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.what)?;
        for part in [&self.0.sqlstate, &self.0.table, &self.0.constraint].into_iter().flatten() {
            write!(f, " {part}")?;
        }
        self.0.io.map_or(Ok(()), |kind| write!(f, " {kind:?}"))
    }
}
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
impl std::error::Error for Cause {}

/// A store's failure. `Display` is fit for anybody; the cause is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("not found")]
    NotFound,
    /// A constraint refused the row; `Cause::constraint` says which.
    #[error("conflict")]
    Conflict(#[source] Cause),
    /// A value that PostgreSQL cannot hold, such as U+0000 or a year out of its range.
    #[error("invalid value")]
    Invalid(#[source] Cause),
    /// Still serialization failures, deadlocks or locks not had, after the retries.
    #[error("contended")]
    Contended(#[source] Cause),
    /// The database is away. Nothing was committed.
    #[error("database unavailable")]
    Unavailable(#[source] Cause),
    /// Every connection is taken.
    #[error("too much at once")]
    Exhausted,
    /// The connection was lost during COMMIT: it may or may not have happened.
    #[error("outcome unknown")]
    Ambiguous(#[source] Cause),
    /// The last look before COMMIT found that time had run out. Rolled back.
    #[error("fence expired")]
    FenceExpired,
    /// A row that makes no sense: an alarm of its own, never "not found".
    #[error("bad row: {what}")]
    BadRow { what: &'static str },
    #[error("internal")]
    Internal(#[source] Cause),
}

impl StoreError {
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Conflict(cause) => cause.constraint(),
            _ => None,
        }
    }

    pub(crate) fn internal(what: &'static str) -> Self {
        Self::Internal(Cause::of(what))
    }

    /// Serialization failure or deadlock: running it all again may well succeed.
    pub(crate) fn worth_retrying(&self) -> bool {
        matches!(self, Self::Contended(c) if matches!(c.sqlstate(), Some("40001" | "40P01")))
    }

    /// The connection is of no more use; others may be.
    pub(crate) fn lost_connection(&self) -> bool {
        let Self::Unavailable(cause) = self else { return false };
        match cause.sqlstate() {
            Some(code) => code.starts_with("57P") || code.starts_with("08"),
            None => matches!(cause.0.what, "io" | "protocol" | "tls" | "begin" | "no answer"),
        }
    }

    /// A failed COMMIT: unless the server itself said that it rolled back, nobody knows.
    pub(crate) fn of_commit(error: &sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Unavailable(cause) | Self::Internal(cause) => Self::Ambiguous(cause),
            definite => definite,
        }
    }
}

impl From<&sqlx::Error> for StoreError {
    fn from(error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        let cause = Cause::from_sqlx(error);
        match error {
            E::RowNotFound => Self::NotFound,
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(cause)
            }
            // What a connection cut off in the middle of a message looks like, too.
            E::Protocol(_) | E::BeginFailed => Self::Unavailable(cause),
            E::ColumnDecode { .. } | E::Decode(_) => Self::BadRow { what: "a column's value" },
            E::Encode(_) | E::InvalidArgument(_) => Self::Invalid(cause),
            E::Database(_) => of_sqlstate(cause),
            _ => Self::Internal(cause),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

fn of_sqlstate(cause: Cause) -> StoreError {
    let code = cause.sqlstate().unwrap_or_default();
    match code {
        "40001" | "40P01" | "55P03" => StoreError::Contended(cause),
        "53300" => StoreError::Exhausted,
        // Cancelled by a timeout of ours, or read-only after a failover.
        "57014" | "25006" | "25P03" => StoreError::Unavailable(cause),
        _ => match code.get(..2) {
            Some("08" | "53" | "57" | "58") => StoreError::Unavailable(cause),
            Some("23") => StoreError::Conflict(cause),
            Some("22") => StoreError::Invalid(cause),
            _ => StoreError::Internal(cause),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_text_stays_inside() {
        let error = StoreError::from(sqlx::Error::Protocol("Jane Roe, born 1980".into()));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("Jane"), "{shown}");
    }

    #[test]
    fn a_lost_commit_is_ambiguous_and_a_refused_one_is_not() {
        let lost = sqlx::Error::Io(io::ErrorKind::UnexpectedEof.into());
        assert!(matches!(StoreError::of_commit(&lost), StoreError::Ambiguous(_)));
        let serial = Cause(Arc::new(Facts {
            what: "database",
            sqlstate: Some("40001".into()),
            constraint: None,
            table: None,
            io: None,
        }));
        assert!(of_sqlstate(serial).worth_retrying());
    }
}
