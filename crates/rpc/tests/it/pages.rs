use std::sync::Arc;

use kernel::{Clock as _, ManualClock};
use permit::Call;
use rpc::{Conflict, Error, PageKey, Pages};
use testkit::fakes::Staff;
use time::Duration;
use uuid::Uuid;

use crate::{LIST, call_of, clock, sign_ins};

const FILTER: &[u8] = b"people/1 7";

struct World {
    clock: ManualClock,
    pages: Pages,
    call: Call,
    key: PageKey,
}

impl World {
    async fn new() -> Self {
        let clock = clock();
        let pages = Pages::new(&[7; 32], Arc::new(clock.clone())).unwrap();
        let call = call_of(&sign_ins(&clock).await, "dr-c", LIST).await;
        let key = PageKey::of(clock.now(), Uuid::from_u128(9));
        Self { clock, pages, call, key }
    }

    fn token(&self) -> String {
        self.pages.next(&self.call, FILTER, self.key).unwrap()
    }

    fn begin(&self, token: &str) -> Result<PageKey, Error> {
        self.pages.begin(&self.call, FILTER, token)
    }
}

fn refused<T>(opened: Result<T, Error>) -> bool {
    matches!(opened, Err(Error::Conflict(Conflict::PageToken)))
}

#[tokio::test]
async fn a_token_goes_on_where_it_was_cut_and_the_empty_one_begins() {
    let world = World::new().await;
    assert_eq!(world.begin(&world.token()).unwrap(), world.key);
    assert_eq!(world.begin("").unwrap(), PageKey::FIRST);
    assert_eq!(world.key.instant(), world.clock.now());
    assert!(PageKey::FIRST.instant() > world.clock.now());
    // The same place is another token each time: it tells nothing.
    assert_ne!(world.token(), world.token());
}

#[tokio::test]
async fn a_token_with_any_bit_changed_or_any_end_cut_off_does_not_open() {
    let world = World::new().await;
    let token = world.token();
    for place in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last symbol of base64 may hold bits that mean nothing; then it must not decode.
        assert!(refused(world.begin(&changed)), "{place}");
        if place > 0 {
            assert!(refused(world.begin(&token[..place])), "{place}");
        }
    }
    for other in [format!("{token}A"), format!("{token}="), format!(" {token}"), "🦀".to_owned()]
    {
        assert!(refused(world.begin(&other)), "{other}");
    }
}

#[tokio::test]
async fn a_token_is_of_one_caller_one_method_and_one_filter() {
    let world = World::new().await;
    let token = world.token();
    let sign_ins = sign_ins(&world.clock).await;
    let pages = &world.pages;
    let other_caller = call_of(&sign_ins, "dr-d", LIST).await;
    let other_method = call_of(&sign_ins, "dr-c", crate::WRITE).await;
    assert!(refused(pages.begin(&other_caller, FILTER, &token)));
    assert!(refused(pages.begin(&other_method, FILTER, &token)));
    assert!(refused(pages.begin(&world.call, b"people/1 8", &token)));
    assert!(refused(pages.begin(&world.call, b"", &token)));
    let other_key = Pages::new(&[8; 32], Arc::new(world.clock.clone())).unwrap();
    assert!(refused(other_key.begin(&world.call, FILTER, &token)));
}

#[tokio::test]
async fn the_same_caller_with_a_new_token_goes_on() {
    let clock = clock();
    let pages = Pages::new(&[7; 32], Arc::new(clock.clone())).unwrap();
    let sign_ins = sign_ins(&clock).await;
    let first = call_of(&sign_ins, "dr-c", LIST).await;
    let key = PageKey::of(clock.now(), Uuid::from_u128(9));
    let token = pages.next(&first, FILTER, key).unwrap();
    clock.advance(Duration::MINUTE);
    let second = call_of(&sign_ins, "dr-c", LIST).await;
    assert_ne!(first.caller().token_digest(), second.caller().token_digest());
    assert_eq!(pages.begin(&second, FILTER, &token).unwrap(), key);
}

#[tokio::test]
async fn a_token_ends_and_one_from_the_future_has_not_begun() {
    let world = World::new().await;
    let token = world.token();
    world.clock.advance(Duration::HOUR);
    assert_eq!(world.begin(&token).unwrap(), world.key);
    world.clock.advance(Duration::SECOND);
    assert!(refused(world.begin(&token)), "ended");
    // Clocks of two instances may differ a little, and no more.
    world.clock.advance(-(Duration::HOUR + Duration::seconds(6)));
    assert!(world.begin(&token).is_ok());
    world.clock.advance(-Duration::SECOND);
    assert!(refused(world.begin(&token)), "from the future");
}

#[tokio::test]
async fn a_cursor_of_a_filter_is_its_callers_alone() {
    let world = World::new().await;
    let (pages, call) = (&world.pages, &world.call);
    let cursor = pages.cursor_in(call, Some(FILTER), 42).unwrap();
    assert_eq!(pages.resume_in(call, Some(FILTER), &cursor).unwrap(), 42);
    assert_eq!(pages.resume_in(call, Some(FILTER), "").unwrap(), 0);
    let sign_ins = sign_ins(&world.clock).await;
    let again = call_of(&sign_ins, "dr-c", LIST).await;
    assert_eq!(pages.resume_in(&again, Some(FILTER), &cursor).unwrap(), 42);
    let colleague = call_of(&sign_ins, "dr-d", LIST).await;
    let method = call_of(&sign_ins, "dr-c", crate::WRITE).await;
    let of_the_agency = pages.cursor(call, 42).unwrap();
    for (call, filter, cursor) in [
        (&colleague, Some(FILTER), &cursor),
        (&method, Some(FILTER), &cursor),
        (call, Some(&FILTER[1..]), &cursor),
        (call, None, &cursor),
        (call, Some(FILTER), &of_the_agency),
        (call, Some(FILTER), &pages.next(call, FILTER, world.key).unwrap()),
    ] {
        let resumed = pages.resume_in(call, filter, cursor);
        assert!(matches!(resumed, Err(Error::Conflict(Conflict::CursorExpired))));
    }
}

#[tokio::test]
async fn a_cursor_resumes_for_its_agency_or_caller_and_its_method_and_is_no_page_token() {
    let world = World::new().await;
    let (pages, call) = (&world.pages, &world.call);
    let cursor = pages.cursor(call, 42).unwrap();
    assert_eq!(pages.resume(call, &cursor).unwrap(), 42);
    assert_eq!(pages.resume(call, "").unwrap(), 0);
    let gone = |resumed: Result<i64, Error>| {
        matches!(resumed, Err(Error::Conflict(Conflict::CursorExpired)))
    };
    let sign_ins = sign_ins(&world.clock).await;
    let colleague = call_of(&sign_ins, "dr-d", LIST).await;
    assert_eq!(pages.resume(&colleague, &cursor).unwrap(), 42);
    let elsewhere = sign_ins.staff(&Staff::of(Uuid::from_u128(0xe15e), "dr-c"));
    let elsewhere = sign_ins.call(&elsewhere, LIST).await;
    assert!(gone(pages.resume(&elsewhere, &cursor)));
    // Who is of no agency follows for themself alone.
    let mut own = Vec::new();
    for sub in ["ana", "ben"] {
        let token = sign_ins.individual(sub, kernel::Role::Person, true);
        own.push(sign_ins.call(&token, LIST).await);
    }
    let anas = pages.cursor(&own[0], 7).unwrap();
    assert_eq!(pages.resume(&own[0], &anas).unwrap(), 7);
    for other in [&own[1], call] {
        assert!(gone(pages.resume(other, &anas)));
    }
    let method = call_of(&sign_ins, "dr-c", crate::WRITE).await;
    assert!(gone(pages.resume(&method, &cursor)));
    for end in 1..cursor.len() {
        assert!(gone(pages.resume(call, &cursor[..end])), "{end}");
    }
    // Neither is the other, even for a filter that is spelled like a cursor's.
    assert!(gone(pages.resume(call, &pages.next(call, b"cursor", world.key).unwrap())));
    assert!(refused(pages.begin(call, b"cursor", &cursor)));
    world.clock.advance(Duration::weeks(1));
    assert_eq!(pages.resume(call, &cursor).unwrap(), 42);
}
