//! Tokens and what they are verified by, page tokens and cursors, and the signed heads of ledgers.

use std::sync::{Arc, LazyLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use identity::fuzzing as door;
use kernel::ManualClock;
use ledger::{LogName, SigningKey, TreeHead, VerifyingKey};
use permit::Call;
use rpc::{PageKey, Pages};
use testkit::fakes::{SignIns, Staff};
use uuid::Uuid;

use crate::requests::NOW;

const RPC: &str = "trellis.notes.v1.NotesService/ListNotes";

/// A token in a header: the form, what is in it, and that there is no other spelling of it.
pub fn token(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_bytes(&[b"Bearer ", data].concat()) else { return };
    headers.insert(AUTHORIZATION, value.clone());
    let Some(token) = door::bearer(&headers).map(str::to_owned) else { return };
    assert!(token.as_bytes() == data && data.len() <= identity::MAX_TOKEN_BYTES, "another form");
    headers.append(AUTHORIZATION, value);
    assert!(door::bearer(&headers).is_none(), "two tokens of one request");
    let Some(parts) = door::compact(&token) else { return };
    assert!(token.split('.').count() == 3, "a token has three parts");
    assert!((1..=255).contains(&parts.kid.len()), "a key's id has a bound");
    assert!(door::is_plain_object(&parts.payload), "claims that are no plain object");
    let header = token.split('.').next().unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.encode(&parts.payload);
    assert!(token.split('.').nth(1) == Some(&*payload), "claims have two spellings");
    let read = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    assert!(header == URL_SAFE_NO_PAD.encode(read), "a header has two spellings");
    claims(&parts.payload);
}

/// Claims that an issuer signed.
pub fn claims(data: &[u8]) {
    if let Ok(ends) = door::claims(data, NOW) {
        assert!(ends + identity::LEEWAY > NOW, "a token that has ended");
        assert!(ends - NOW <= identity::MAX_LIFETIME + identity::LEEWAY, "a token lives too long");
        let later = ends + identity::LEEWAY;
        assert!(door::claims(data, later).is_err(), "a token that never ends");
    }
    json(data);
}

/// JSON as the guard reads it: with one member more that is there already it is none.
pub fn json(data: &[u8]) {
    if !door::is_plain_object(data) {
        return;
    }
    let text = std::str::from_utf8(data).expect("JSON is UTF-8");
    let value: serde_json::Value = serde_json::from_str(text).expect("what the guard has read");
    let members = value.as_object().expect("one object");
    for name in members.keys() {
        let name = serde_json::to_string(name).expect("a name");
        let open = text.find('{').map_or(0, |at| at + 1);
        let (before, after) = text.split_at(open);
        let twice = format!("{before}{name}:0,{after}");
        assert!(!door::is_plain_object(twice.as_bytes()), "a member twice");
    }
    let deeper = format!("{{\"a\":[{text},{text}]}}");
    assert!(
        door::is_plain_object(deeper.as_bytes()) || deeper.matches(['[', '{']).count() > 100,
        "two objects beside each other are no member twice"
    );
}

/// A provider's answer.
pub fn keys(data: &[u8]) {
    if let Ok(many) = door::keys(data) {
        assert!((1..=64).contains(&many), "{many} keys");
        assert!(door::is_plain_object(data), "keys that are no plain object");
    }
}

struct World {
    pages: Pages,
    call: Call,
    token: Vec<u8>,
    cursor: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let clock = Arc::new(ManualClock::at(NOW));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let call = runtime.expect("a runtime").block_on(async {
        let sign_ins = SignIns::new(&["notes"], clock.clone()).await;
        let staff = sign_ins.staff(&Staff::of(Uuid::from_u128(1), "dr-a"));
        sign_ins.call(&staff, RPC).await
    });
    let pages = Pages::new(&[7; 32], clock).expect("a key");
    let token = pages.next(&call, FILTER, KEY).expect("a token");
    let cursor = pages.cursor(&call, 7).expect("a cursor");
    let opened = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let (token, cursor) = (opened(&token), opened(&cursor));
    World { pages, call, token, cursor }
});

const FILTER: &[u8] = b"people/1 7";
const KEY: PageKey = PageKey { at: 1_700_000_000_000_000, id: Uuid::from_u128(9) };

/// A page token or cursor from outside never opens, whatever is changed in one of ours: the bytes are laid over
/// one, and the empty ones alone begin.
pub fn pages(data: &[u8]) {
    let World { pages, call, token, cursor } = &*WORLD;
    let laid = |ours: &[u8]| {
        let mut bytes = ours.to_vec();
        bytes.iter_mut().zip(data).for_each(|(byte, with)| *byte ^= with);
        bytes.extend(data.get(ours.len()..).unwrap_or_default());
        (URL_SAFE_NO_PAD.encode(&bytes), bytes == ours)
    };
    let raw = String::from_utf8_lossy(data).into_owned();
    let (of_token, same) = laid(token);
    for (text, ours) in [(of_token, same), (raw.clone(), raw.is_empty())] {
        let begun = pages.begin(call, FILTER, &text);
        assert!(begun.is_ok() == ours, "a page token that is not ours opens, or ours does not");
        if let Ok(key) = begun {
            assert!(key == KEY || text.is_empty(), "a page begins elsewhere");
        }
        assert!(text.is_empty() || pages.begin(call, b"another", &text).is_err(), "another list");
        assert!(text.is_empty() || pages.resume(call, &text).is_err(), "a page token as a cursor");
    }
    let (of_cursor, same) = laid(cursor);
    for (text, ours) in [(of_cursor, same), (raw.clone(), raw.is_empty())] {
        let reached = pages.resume(call, &text);
        assert!(reached.is_ok() == ours, "a cursor that is not ours opens, or ours does not");
        assert!(reached.is_err() || text.is_empty() || matches!(reached, Ok(7)), "another place");
        assert!(
            text.is_empty() || pages.begin(call, FILTER, &text).is_err(),
            "a cursor as a token"
        );
    }
    cut(token, data);
    // What is inside, were a key ever to leak.
    for (read, name) in
        directory::fuzzing::places(data).into_iter().zip(["export", "search", "name"])
    {
        let again = read.map(|bytes| (directory::fuzzing::places(&bytes), bytes));
        if let Some((again, bytes)) = again {
            assert!(again.into_iter().flatten().any(|other| other == bytes), "a place of {name}");
        }
    }
    notes::fuzzing::place(data);
}

/// One of ours that is cut short.
fn cut(token: &[u8], data: &[u8]) {
    let World { pages, call, .. } = &*WORLD;
    let most = data.first().map_or(0, |at| usize::from(*at) % token.len());
    let short = token.get(..most).unwrap_or_default();
    let text = URL_SAFE_NO_PAD.encode(short);
    assert!(
        text.is_empty() || pages.begin(call, FILTER, &text).is_err(),
        "a token cut short opens"
    );
}

static HEAD: LazyLock<(String, LogName, VerifyingKey)> = LazyLock::new(|| {
    let log = LogName::new("care.example.org/notes".to_owned()).expect("a name");
    let key = SigningKey::from_seed(&[7; 32]).expect("a seed");
    let head = TreeHead { size: 12, root: [7; 32], at: NOW };
    let note = head.sign(&log, &key).expect("a head");
    (note, log, key.verifying().expect("its public half"))
});

/// A ledger's signed head: none but the one that was signed opens.
pub fn heads(data: &[u8]) {
    let (note, log, key) = &*HEAD;
    let mut bytes = note.clone().into_bytes();
    bytes.iter_mut().zip(data).for_each(|(byte, with)| *byte ^= with);
    for text in [String::from_utf8_lossy(&bytes), String::from_utf8_lossy(data)] {
        let opened = TreeHead::open(&text, log, key).is_ok();
        assert!(opened == (*text == **note), "a head that was not signed opens");
        VerifyingKey::parse(&text);
        ledger::notes(&text);
        LogName::new(text.into_owned());
    }
}
