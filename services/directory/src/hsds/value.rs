//! What may stand in a cell: bytes to a typed value, once.

use time::{
    Date, OffsetDateTime, Time, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use super::{reason::Reason, schema::Table};

/// Limits, in characters.
pub const MAX_ID: usize = 250;
pub const MAX_NAME: usize = 1_000;
pub const MAX_TEXT: usize = 20_000;
pub const MAX_URL: usize = 2_048;
pub const MAX_EMAIL: usize = 254;
pub const MAX_PHONE: usize = 100;
/// A polygon.
pub const MAX_EXTENT: usize = 500_000;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const HOUR_MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
const HOUR_MINUTE_SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[hour]:[minute]:[second]");
const OFFSET: &[BorrowedFormatItem<'_>] =
    format_description!("[offset_hour sign:mandatory]:[offset_minute]");

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Id,
    /// Names the row that this one hangs below.
    Owner(Table),
    /// Names a row that this one needs.
    Refers(Table),
    /// Names the row that this one hangs below, in the table that `link_entity` says.
    Link,
    Name,
    Text,
    Extent,
    Code(&'static [&'static str]),
    Url,
    Email,
    Phone,
    Country,
    Language,
    Currency,
    Latitude,
    Longitude,
    Age,
    Money,
    Count {
        least: i64,
        most: i64,
    },
    Date,
    Time,
    Instant,
    /// An offset from UTC in hours.
    Hours,
    /// Days of the week as iCalendar writes them.
    Days,
    /// Whole numbers with commas, none of them 0, from -most to most.
    Numbers {
        most: i64,
    },
}

impl Kind {
    pub(super) fn names_a_row(self) -> bool {
        matches!(self, Self::Owner(_) | Self::Refers(_) | Self::Link)
    }
}

/// A time of day, and how far it is from UTC where the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    pub time: Time,
    pub offset: Option<UtcOffset>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Code(&'static str),
    Number(f64),
    Whole(i64),
    Date(Date),
    Time(TimeOfDay),
    Instant(OffsetDateTime),
}

impl Value {
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Code(code) => Some(code),
            _ => None,
        }
    }
}

/// `None` where the cell is empty.
pub(super) fn read(kind: Kind, cell: &[u8]) -> Result<Option<Value>, Reason> {
    let text = std::str::from_utf8(cell).map_err(|_| Reason::NotUtf8)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let lines = matches!(kind, Kind::Text | Kind::Extent | Kind::Name);
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(Reason::ControlCharacter);
    }
    let limit = limit(kind);
    // A character is at most four bytes: only a text that can be too long is counted.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Reason::TooLong { limit });
    }
    value(kind, text).map(Some)
}

fn limit(kind: Kind) -> usize {
    match kind {
        Kind::Id | Kind::Owner(_) | Kind::Refers(_) | Kind::Link => MAX_ID,
        Kind::Text => MAX_TEXT,
        Kind::Extent => MAX_EXTENT,
        Kind::Url => MAX_URL,
        Kind::Email => MAX_EMAIL,
        Kind::Phone => MAX_PHONE,
        _ => MAX_NAME,
    }
}

fn value(kind: Kind, text: &str) -> Result<Value, Reason> {
    let own = || Value::Text(text.to_owned());
    let form = |ok: bool, form| if ok { Ok(own()) } else { Err(Reason::Form(form)) };
    match kind {
        Kind::Id | Kind::Owner(_) | Kind::Refers(_) | Kind::Link => Ok(own()),
        // The same text, whichever line ends its file has.
        Kind::Name | Kind::Text | Kind::Extent => Ok(Value::Text(text.replace("\r\n", "\n"))),
        Kind::Code(codes) => codes
            .iter()
            .find(|code| code.eq_ignore_ascii_case(text))
            .map(|code| Value::Code(code))
            .ok_or(Reason::NotOneOf(codes)),
        Kind::Url => form(is_url(text), "a web address (http or https)"),
        Kind::Email => form(is_email(text), "an e-mail address"),
        Kind::Phone => form(text.bytes().any(|b| b.is_ascii_digit()), "a telephone number"),
        Kind::Country => letters(text, 2, "a country code of two letters (ISO 3166-1)"),
        Kind::Currency => letters(text, 3, "a currency code of three letters (ISO 4217)"),
        Kind::Language => form(is_language(text), "a language code (ISO 639-1 or 639-3)"),
        Kind::Latitude => number(text, -90, 90),
        Kind::Longitude => number(text, -180, 180),
        Kind::Age => number(text, 0, 150),
        Kind::Hours => number(text, -12, 14),
        Kind::Money => form(is_money(text), "an amount like 35 or 2.50"),
        Kind::Count { least, most } => match text.parse() {
            Ok(n) if (least..=most).contains(&n) => Ok(Value::Whole(n)),
            Ok(_) => Err(Reason::OutOfRange { least, most }),
            Err(_) => Err(Reason::Form("a whole number")),
        },
        Kind::Date => {
            // Another year is no date to the database.
            let date =
                Date::parse(text, DATE).ok().filter(|date| (1..=9999).contains(&date.year()));
            date.map(Value::Date).ok_or(Reason::Form("a date YYYY-MM-DD"))
        }
        Kind::Time => time_of_day(text)
            .map(Value::Time)
            .ok_or(Reason::Form("a time HH:MM, with Z or an offset like -08:00 where known")),
        Kind::Instant => OffsetDateTime::parse(text, &Rfc3339)
            .map(Value::Instant)
            .map_err(|_| Reason::Form("a date and time like 2026-01-31T09:00:00Z")),
        Kind::Days => form(text.split(',').all(is_day), "days like MO,TU or 2MO,-1FR"),
        Kind::Numbers { most } => {
            let in_range = |n: &str| {
                n.trim().parse().is_ok_and(|n: i64| n != 0 && (-most..=most).contains(&n))
            };
            form(text.split(',').all(in_range), "whole numbers with commas, in range")
        }
    }
}

fn number(text: &str, least: i32, most: i32) -> Result<Value, Reason> {
    let number: f64 = text.parse().map_err(|_| Reason::Form("a number"))?;
    // NaN and the infinities parse, and are in no range.
    if (f64::from(least)..=f64::from(most)).contains(&number) {
        Ok(Value::Number(number))
    } else {
        Err(Reason::OutOfRange { least: least.into(), most: most.into() })
    }
}

fn letters(text: &str, count: usize, form: &'static str) -> Result<Value, Reason> {
    if text.len() == count && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(Value::Text(text.to_ascii_uppercase()))
    } else {
        Err(Reason::Form(form))
    }
}

/// Lenient: directories write `www.example.org`. Strict where it would hurt: no other scheme than
/// http and https, so that a link shown to a person can't be script.
fn is_url(text: &str) -> bool {
    if text.contains(char::is_whitespace) {
        return false;
    }
    let host = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
            if !["http", "https"].iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
                return false;
            }
            rest
        }
        _ => match text.split_once(':') {
            Some((before, after)) if !before.contains(['/', '?', '#']) => {
                if !after.starts_with(|c: char| c.is_ascii_digit()) {
                    return false;
                }
                text
            }
            _ => text,
        },
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && (text.contains("://") || host.contains('.'))
}

fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((local, domain)) => {
            let odd = |c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | ',' | ';');
            !local.is_empty() && !domain.is_empty() && !local.contains(odd) && !domain.contains(odd)
        }
        None => false,
    }
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let alphanumeric = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric());
    parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|p| (2..=8).contains(&p.len()) && alphanumeric(p))
}

fn is_money(text: &str) -> bool {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |t: &str, most| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole, 12) && digits(cents, 4)
}

fn is_day(text: &str) -> bool {
    let text = text.trim();
    let Some((nth, day)) = text.len().checked_sub(2).and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].contains(&day)
        && (nth.is_empty() || nth.parse().is_ok_and(|n: i64| n != 0 && (-53..=53).contains(&n)))
}

fn time_of_day(text: &str) -> Option<TimeOfDay> {
    let (time, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(time) => (time, Some(UtcOffset::UTC)),
        None => match text.find(['+', '-']).and_then(|at| text.split_at_checked(at)) {
            Some((time, offset)) => (time, Some(UtcOffset::parse(offset, OFFSET).ok()?)),
            None => (text, None),
        },
    };
    let time = Time::parse(time, HOUR_MINUTE).or_else(|_| Time::parse(time, HOUR_MINUTE_SECOND));
    Some(TimeOfDay { time: time.ok()?, offset })
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime, offset, time};

    use super::*;

    fn ok(kind: Kind, text: &str) -> bool {
        read(kind, text.as_bytes()).is_ok()
    }

    #[test]
    fn an_empty_cell_is_nothing_whatever_the_kind() {
        assert_eq!(read(Kind::Latitude, b"  "), Ok(None));
        assert_eq!(read(Kind::Email, b""), Ok(None));
    }

    #[test]
    fn nul_and_other_control_characters_are_refused_and_newlines_only_in_texts() {
        assert_eq!(read(Kind::Text, b"a\0b"), Err(Reason::ControlCharacter));
        assert_eq!(read(Kind::Text, "a\u{85}b".as_bytes()), Err(Reason::ControlCharacter));
        assert_eq!(read(Kind::Text, b"a\x1bb"), Err(Reason::ControlCharacter));
        assert_eq!(read(Kind::Id, b"a\nb"), Err(Reason::ControlCharacter));
        assert_eq!(read(Kind::Text, b"a\r\nb"), Ok(Some(Value::Text("a\nb".into()))));
        assert_eq!(read(Kind::Name, b"\xff"), Err(Reason::NotUtf8));
    }

    #[test]
    fn limits_count_characters_and_not_bytes() {
        assert!(ok(Kind::Id, &"é".repeat(MAX_ID)));
        assert_eq!(
            read(Kind::Id, "é".repeat(MAX_ID + 1).as_bytes()),
            Err(Reason::TooLong { limit: MAX_ID })
        );
    }

    #[test]
    fn web_addresses_are_taken_leniently_and_never_as_script() {
        for good in
            ["http://example.org", "HTTPS://x/y?z", "www.example.org/a:b", "example.org:8080/x"]
        {
            assert!(ok(Kind::Url, good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://x.org",
            "http://",
            "a b.org",
            "not",
            "mailto:a@b.org",
        ] {
            assert!(!ok(Kind::Url, bad), "{bad}");
        }
    }

    #[test]
    fn mail_addresses_have_one_at_sign_between_two_texts() {
        assert!(ok(Kind::Email, "o'brien+x@mail.example.org"));
        for bad in ["@x", "x@", "x", "a@b@c", "a b@c", "a@b,c@d", "<a@b>"] {
            assert!(!ok(Kind::Email, bad), "{bad}");
        }
    }

    #[test]
    fn coordinates_and_ages_are_finite_and_on_the_globe() {
        assert_eq!(read(Kind::Latitude, b"37.5"), Ok(Some(Value::Number(37.5))));
        assert_eq!(read(Kind::Latitude, b"91"), Err(Reason::OutOfRange { least: -90, most: 90 }));
        for bad in ["NaN", "inf", "north", "37,5"] {
            assert!(!ok(Kind::Longitude, bad), "{bad}");
        }
        assert!(ok(Kind::Age, "0.5") && !ok(Kind::Age, "-1"));
    }

    #[test]
    fn times_dates_and_days_are_read_as_written() {
        let read_time = |text: &str| time_of_day(text).map(|t| (t.time, t.offset));
        assert_eq!(read_time("09:00"), Some((time!(09:00), None)));
        assert_eq!(read_time("18:30:15Z"), Some((time!(18:30:15), Some(offset!(UTC)))));
        assert_eq!(read_time("09:00-05:00"), Some((time!(09:00), Some(offset!(-5)))));
        for bad in ["25:00", "9am", "09:00-5", "", "09"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
        assert_eq!(read(Kind::Date, b"2026-02-28"), Ok(Some(Value::Date(date!(2026 - 02 - 28)))));
        for bad in ["2026-02-30", "28/02/2026", "0000-01-01", "-0044-03-15"] {
            assert!(!ok(Kind::Date, bad), "{bad}");
        }
        assert_eq!(
            read(Kind::Instant, b"2026-01-31T09:00:00Z"),
            Ok(Some(Value::Instant(datetime!(2026-01-31 09:00 UTC))))
        );
        assert!(ok(Kind::Days, "MO,TU") && ok(Kind::Days, "2MO, -1FR") && !ok(Kind::Days, "MON"));
        assert!(!ok(Kind::Days, "0MO") && !ok(Kind::Days, "é") && !ok(Kind::Days, "MO,"));
        assert!(ok(Kind::Numbers { most: 31 }, "1,-5") && !ok(Kind::Numbers { most: 31 }, "0"));
        assert!(!ok(Kind::Numbers { most: 31 }, "32"));
    }

    #[test]
    fn codes_amounts_and_languages_have_their_form() {
        let status = Kind::Code(&["active", "temporarily closed"]);
        assert_eq!(read(status, b"Active"), Ok(Some(Value::Code("active"))));
        assert!(!ok(status, "open"));
        assert!(ok(Kind::Money, "2.50") && ok(Kind::Money, "0") && !ok(Kind::Money, "-1"));
        assert!(!ok(Kind::Money, "$5") && !ok(Kind::Money, "1e9") && !ok(Kind::Money, ".5"));
        assert!(
            ok(Kind::Language, "es") && ok(Kind::Language, "zh-Hans") && ok(Kind::Language, "yue")
        );
        assert!(
            !ok(Kind::Language, "Spanish")
                && !ok(Kind::Language, "e")
                && !ok(Kind::Language, "en-")
        );
        assert_eq!(read(Kind::Country, b"us"), Ok(Some(Value::Text("US".into()))));
        assert!(!ok(Kind::Country, "USA") && !ok(Kind::Currency, "US"));
        assert!(ok(Kind::Phone, "1-800-FLOWERS") && !ok(Kind::Phone, "none"));
    }
}
