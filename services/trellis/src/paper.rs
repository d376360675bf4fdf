//! Consents that were signed on paper, as the rows of a CSV file, and the requests that they become.

mod cells;
mod columns;
mod row;
mod sheet;

pub use columns::{HELP, column_of};
pub use row::request;
pub use sheet::{Cells, Refused, Row, read};
