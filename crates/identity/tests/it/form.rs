//! The header, the serialization, and the metadata that carries it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jsonwebtoken::Algorithm;
use proptest::prelude::*;
use serde_json::json;

use crate::{
    forge::{Key, merged, without},
    world::{GET_AGENCY, World, bearer},
};

#[tokio::test]
async fn a_header_that_brings_its_own_keys_or_rules_is_refused() {
    let world = World::new().await;
    let claims = world.staff();
    let own_key = world.clinic.jwk();
    let changes = [
        json!({ "jku": "https://evil.example/jwks" }),
        json!({ "jku": null }),
        json!({ "x5u": "https://evil.example/cert" }),
        json!({ "x5c": ["MII"] }),
        json!({ "jwk": own_key }),
        json!({ "crit": ["exp"] }),
        json!({ "crit": [] }),
        json!({ "crit": null }),
        json!({ "b64": false }),
        json!({ "zip": "DEF" }),
        json!({ "enc": "A256GCM" }),
    ];
    for change in &changes {
        let token = world.clinic.with_header(change, &claims);
        world.refuses(&change.to_string(), &token).await;
    }
    let token = world.clinic.with_header(&json!({ "x-note": "ignored" }), &claims);
    world.accepts("a member that means nothing", &token).await;
}

#[tokio::test]
async fn a_thumbprint_in_the_header_is_ignored_and_names_no_key() {
    let world = World::new().await;
    let claims = world.staff();
    let stranger = Key::new("clinic-1", Algorithm::ES256);
    for name in ["x5t", "x5t#S256"] {
        for value in [json!("clinic-1"), json!(""), json!(null), json!(["clinic-1"])] {
            let change = json!({ name: value });
            let what = change.to_string();
            world.accepts(&what, &world.clinic.with_header(&change, &claims)).await;
            world.refuses(&what, &stranger.with_header(&change, &claims)).await;
            let header = without(merged(world.clinic.header(), &change), "kid").to_string();
            world.refuses(&what, &world.clinic.sign(&header, &claims.to_string())).await;
            let another = merged(change, &json!({ "kid": "clinic-2" }));
            world.refuses(&what, &world.clinic.with_header(&another, &claims)).await;
        }
    }
}

#[tokio::test]
async fn a_token_of_another_type_is_refused() {
    let world = World::new().await;
    let claims = world.staff();
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("id+jwt"),
        json!("at"),
        json!(""),
        json!(null),
        json!(1),
        json!("at+jwt "),
        json!("text/at+jwt"),
        json!("application/application/at+jwt"),
        json!(["at+jwt"]),
        json!("at+jwt;x=1"),
        json!("logout+jwt"),
    ] {
        let token = world.clinic.with_header(&json!({ "typ": typ }), &claims);
        world.refuses(&format!("typ {typ}"), &token).await;
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let token = world.clinic.with_header(&json!({ "typ": typ }), &claims);
        world.accepts(typ, &token).await;
    }
}

#[tokio::test]
async fn a_header_without_a_needed_member_or_with_one_twice_is_refused() {
    let world = World::new().await;
    let claims = world.staff().to_string();
    for name in ["alg", "typ", "kid"] {
        let token = world.clinic.sign(&without(world.clinic.header(), name).to_string(), &claims);
        world.refuses(&format!("without {name}"), &token).await;
    }
    let header = world.clinic.header().to_string();
    for twice in [r#""alg":"ES256""#, r#""kid":"clinic-1""#, r#""typ":"at+jwt""#, r#""x":1,"x":1"#]
    {
        let token = world.clinic.sign(&format!("{{{twice},{}", &header[1..]), &claims);
        world.refuses(&format!("twice {twice}"), &token).await;
    }
    for odd in ["[]", "null", "\"\"", "", "{", "{}", "[\"ES256\",\"at+jwt\",\"clinic-1\"]"] {
        world.refuses(odd, &world.clinic.sign(odd, &claims)).await;
    }
}

#[tokio::test]
async fn every_other_spelling_of_a_good_token_is_refused() {
    let world = World::new().await;
    let good = world.clinic.token(&world.staff());
    world.accepts("as it is", &good).await;
    let parts: Vec<&str> = good.split('.').collect();
    let mut odd = vec![
        format!("{good}="),
        format!("{good}=="),
        format!("{good} "),
        format!(" {good}"),
        format!("\t{good}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{good}"),
        good.replace('.', ".."),
        good.replace('.', " ."),
        good.replace('.', "%2e"),
        format!("\"{good}\""),
        format!("{good},{good}"),
        format!("{good}\u{a0}"),
        good.to_uppercase(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        parts[0].to_owned(),
        String::new(),
        "..".to_owned(),
        ".".to_owned(),
        format!(".{}.{}", parts[1], parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{good}\0"),
        format!("{}.{}.{}.x.y", parts[0], parts[1], parts[2]),
    ];
    // The same bytes in other alphabets and paddings, signed as spelled.
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE] {
        // A header long enough to need the letters that differ.
        let header = format!("{{\"x\":\"???>>>~~~\",{}", &world.clinic.header().to_string()[1..]);
        let message =
            format!("{}.{}", engine.encode(&header), engine.encode(world.staff().to_string()));
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &world.clinic.private,
            world.clinic.algorithm,
        )
        .unwrap();
        odd.push(format!("{message}.{signature}"));
    }
    for token in &odd {
        world.refuses(&format!("{token:?}"), token).await;
    }
}

#[tokio::test]
async fn stray_bits_at_the_end_of_a_part_are_refused() {
    let world = World::new().await;
    let good = world.clinic.token(&world.staff());
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let last = signature.chars().last().unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // 64 bytes leave four bits of the last letter unused.
    assert_eq!(bytes.len(), 64);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    assert_eq!(index % 16, 0);
    for stray in 1..16 {
        let letter = &alphabet[index + stray..=index + stray];
        let odd = format!("{rest}.{}{letter}", &signature[..signature.len() - 1]);
        world.refuses("stray bits", &odd).await;
    }
}

#[tokio::test]
async fn one_letter_changed_anywhere_is_refused() {
    let world = World::new().await;
    let good = world.clinic.token(&world.staff());
    world.accepts("as it is", &good).await;
    for (place, letter) in good.char_indices() {
        let other = if letter == 'A' { 'B' } else { 'A' };
        let mut odd = good.clone();
        odd.replace_range(place..=place, &other.to_string());
        world.refuses(&format!("letter {place}"), &odd).await;
    }
}

#[tokio::test]
async fn a_token_over_8_kib_is_refused_before_it_is_read() {
    let world = World::new().await;
    let padded = |bytes: usize| {
        let mut claims = world.staff();
        claims["filler"] = json!("x".repeat(bytes));
        world.clinic.token(&claims)
    };
    world.accepts("within the limit", &padded(5_000)).await;
    assert!(padded(6_500).len() > 8 * 1024);
    world.refuses("just over", &padded(6_500)).await;
    world.refuses("256 KiB", &padded(256 * 1024)).await;
    world.refuses("256 KiB of nothing", &"a".repeat(256 * 1024)).await;
    world.refuses("dots", &".".repeat(8 * 1024)).await;
}

#[tokio::test]
async fn the_metadata_holds_one_bearer_token_and_nothing_else() {
    let world = World::new().await;
    let good = world.clinic.token(&world.staff());
    let one = |text: String| {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&text).unwrap())])
    };
    for text in [
        good.clone(),
        format!("Bearer  {good}"),
        format!("Bearer\t{good}"),
        format!("Bearer{good}"),
        format!("Bearer: {good}"),
        format!("Basic {good}"),
        format!("DPoP {good}"),
        format!(" Bearer {good}"),
        format!("Bearer {good} "),
        format!("Bearer {good}, Bearer {good}"),
        format!("Bearer Bearer {good}"),
        format!("Bearer {good};"),
        "Bearer".into(),
        "Bearer ".into(),
        String::new(),
        "Bearer null".into(),
        format!("Token {good}"),
        format!("Bearer={good}"),
    ] {
        world.refuses_headers(&text, &one(text.clone())).await;
    }
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert!(world.ask(GET_AGENCY, &one(format!("{scheme} {good}"))).await.is_ok());
    }
    let mut twice = bearer(&good);
    twice.append(AUTHORIZATION, twice[AUTHORIZATION].clone());
    world.refuses_headers("the same twice", &twice).await;
    let mut second = bearer(&good);
    second.append(AUTHORIZATION, HeaderValue::from_static(""));
    world.refuses_headers("an empty second", &second).await;
    let mut elsewhere = HeaderMap::new();
    for name in
        ["x-authorization", "proxy-authorization", "cookie", "x-user-id", "authorization-bin"]
    {
        elsewhere.insert(name, HeaderValue::from_str(&format!("Bearer {good}")).unwrap());
    }
    world.refuses_headers("in other metadata", &elsewhere).await;
}

fn letters() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_.-]{0,300}",
        "\\PC{0,80}",
        "[eyJ]{1,5}[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_.-]{0,80}"
    ]
}

fn json_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,120}", "\\{\"(alg|kid|typ|iss|sub)\":[\\[{\"0-9.eE+-]{0,20}\\}?"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_stands_for_a_token_is_refused_and_never_panics(
        token in letters(), header in json_text(), payload in json_text(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            thread_local! {
                static WORLD: std::cell::OnceCell<&'static World> = const { std::cell::OnceCell::new() };
            }
            let fresh = WORLD.with(|world| world.get().copied());
            let world = match fresh {
                Some(world) => world,
                None => {
                    let world: &'static World = Box::leak(Box::new(World::new().await));
                    WORLD.with(|cell| cell.set(world).ok());
                    world
                }
            };
            world.refuses("random letters", &token).await;
            world.refuses("random parts", &world.clinic.sign(&header, &payload)).await;
            let header = world.clinic.header().to_string();
            world.refuses("random claims", &world.clinic.sign(&header, &payload)).await;
        });
    }
}
