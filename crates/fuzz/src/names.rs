//! Small texts of a request that are more than words: names, times, addresses, masks.

use prost_types::{FieldMask, Timestamp};
use rpc::Mask;
use webhook::Webhooks;
use wire::convert::{
    id_of, instant, name_of, practitioner_from_name, practitioner_name, timestamp,
};

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
};

static WEBHOOKS: LazyLock<[Webhooks; 2]> = LazyLock::new(|| {
    [false, true].map(|loopback| Webhooks::new(&[7; 32], loopback).expect("a way out"))
});

/// Where a webhook is: public, over TLS, without a user's name.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let [public, loopback] = &*WEBHOOKS;
    if let Ok(url) = public.parse(&text) {
        assert!(url.scheme() == "https" && url.username().is_empty() && url.fragment().is_none());
        assert!(loopback.parse(&text).is_ok(), "what is public is refused beside loopback");
        let host = url.host_str().expect("a host").trim_matches(['[', ']']).to_owned();
        assert!(!host.is_empty(), "a host without a name");
        if let Ok(ip) = host.parse::<IpAddr>() {
            let inner = match ip {
                IpAddr::V4(ip) => Some(ip),
                IpAddr::V6(ip) => ip.to_ipv4_mapped(),
            };
            let private = |ip: Ipv4Addr| ip.is_private() || ip.is_loopback() || ip.is_link_local();
            assert!(!ip.is_loopback() && !inner.is_some_and(private), "{ip} is not public");
        }
        // What was parsed is what is asked later.
        assert!(public.parse(url.as_str()).is_ok_and(|again| again == url), "two spellings");
    } else if let Ok(url) = loopback.parse(&text) {
        let host = url.host_str().expect("a host").trim_matches(['[', ']']).to_owned();
        assert!(host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()), "{host} is not loopback");
    }
}

/// Names of resources have one spelling; what is a time is one of years 1 to 9999; masks name fields.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for collection in ["people", "notes", "agencies"] {
        if let Some(id) = id_of(collection, &text) {
            assert!(name_of(collection, id) == text, "two spellings of a name");
        }
    }
    if let Some(whole) = practitioner_from_name(&text) {
        assert!(practitioner_name(&whole) == text, "two spellings of a practitioner");
    }
    if let Some((seconds, rest)) = data.split_first_chunk() {
        let nanos = rest.first_chunk().map_or(0, |nanos| i32::from_be_bytes(*nanos));
        let given = Timestamp { seconds: i64::from_be_bytes(*seconds), nanos };
        if let Some(at) = instant(&given) {
            assert!((1..=9999).contains(&at.year()), "a time of the year {}", at.year());
            let back = timestamp(at);
            assert!(back.seconds == given.seconds && back.nanos == nanos / 1_000 * 1_000);
        }
    }
    let paths: Vec<String> = text.split(',').map(str::to_owned).collect();
    let known = ["display_name", "members", "status"];
    match Mask::read(Some(&FieldMask { paths: paths.clone() }), &known, &["name", "etag"]) {
        Ok(mask) => assert!(mask.names_any(&known) && paths.len() <= known.len(), "names nothing"),
        Err(wrong) => crate::requests::told(rpc::Error::Invalid(wrong), true),
    }
    let shown = rpc::plain("field", &text, false).is_none();
    assert!(!shown || !text.contains(['\u{202E}', '\0', '\n']), "a text that hides something");
    referrals::fuzzing::release(&text);
}
