//! Why a row is refused. A reason names limits and rows, never the value: what stands in a cell
//! may be anything, and reasons land in replies and logs.

use std::fmt;

use super::schema::Table;

/// One thing that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The table can't be read at all, so nothing of the import can be taken for whole.
    Unreadable(&'static str),
    /// The record has not as many cells as the header.
    Width {
        cells: usize,
        header: usize,
    },
    /// A quotation mark was opened and not closed.
    OpenQuote,
    /// A quotation mark stands where none may stand.
    StrayQuote,
    /// The record is longer than a record may be.
    RecordTooLong,
    /// Empty or left out, and the table can't do without.
    Required,
    NotUtf8,
    /// A control character, U+0000 among them.
    ControlCharacter,
    /// More characters than the limit.
    TooLong {
        limit: usize,
    },
    /// None of the codes of a closed list.
    NotOneOf(&'static [&'static str]),
    /// Not of the form that the column asks for.
    Form(&'static str),
    /// Outside the range.
    OutOfRange {
        least: i64,
        most: i64,
    },
    /// Another row of the table has this id.
    Duplicate {
        other_line: u64,
    },
    /// No row of that table has this id.
    Dangling(Table),
    /// The row that is named was itself refused.
    NamesRefused {
        table: Table,
        line: u64,
    },
    /// The row that is named belongs to no organization of the import.
    NamesUnowned {
        table: Table,
        line: u64,
    },
    /// What is named belongs to another organization.
    OtherOrganization(Table),
    /// The organizations name each other as parents.
    ParentCycle,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "the table can't be read: {why}"),
            Self::Width { cells, header } => {
                write!(f, "the row has {cells} cells, the header {header}")
            }
            Self::OpenQuote => f.write_str("a quotation mark is not closed"),
            Self::StrayQuote => {
                f.write_str("a quotation mark stands in an unquoted cell or after a closing one")
            }
            Self::RecordTooLong => f.write_str("the row is too long"),
            Self::Required => f.write_str("must not be empty"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::ControlCharacter => f.write_str("has a control character"),
            Self::TooLong { limit } => write!(f, "longer than {limit} characters"),
            Self::NotOneOf(codes) => write!(f, "must be one of: {}", codes.join(", ")),
            Self::Form(form) => write!(f, "must be {form}"),
            Self::OutOfRange { least, most } => write!(f, "must be from {least} to {most}"),
            Self::Duplicate { other_line } => {
                write!(f, "line {other_line} of this table has the same id")
            }
            Self::Dangling(table) => write!(f, "no row of {table} has this id"),
            Self::NamesRefused { table, line } => {
                write!(f, "names line {line} of {table}, which is refused")
            }
            Self::NamesUnowned { table, line } => {
                write!(f, "names line {line} of {table}, which belongs to no organization")
            }
            Self::OtherOrganization(table) => {
                write!(f, "names a row of {table} that belongs to another organization")
            }
            Self::ParentCycle => f.write_str("the organization is its own ancestor"),
        }
    }
}

/// A row that is refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejection {
    pub table: Table,
    /// 1-based physical line on which the row starts.
    pub line: u64,
    /// The column; empty where the row as a whole is wrong.
    pub column: &'static str,
    pub reason: Reason,
    /// The ids of organizations that are refused because of it, at most `MAX_NAMED` of them; none
    /// where the row belongs to no organization of the import.
    pub organizations: Vec<String>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}", self.table, self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {}", self.reason)
    }
}
