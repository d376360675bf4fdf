//! What a token must say, once, and in which form.

use serde_json::{Value, json};

use crate::{
    forge::{merged, without},
    world::{AUDIENCE, CLINIC, World},
};

/// Marks of direction, letters without width, ends of lines and tags: what nobody sees in a name.
const UNSEEN: &str = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\
    \u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{e0001}\u{e0061}\u{e007f}\u{34f}\u{115f}\u{1160}\u{2800}\
    \u{3164}\u{ffa0}\u{fff9}\u{fffb}";

#[tokio::test]
async fn a_claim_left_out_is_refused() {
    let world = World::new().await;
    for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "roles"] {
        world.refuses(name, &world.clinic.token(&without(world.staff(), name))).await;
        let null = merged(world.staff(), &json!({ name: null }));
        world.refuses(&format!("{name} null"), &world.clinic.token(&null)).await;
    }
    for (name, token) in [
        ("purposes", world.clinic.token(&without(world.staff(), "purposes"))),
        ("anything else", world.clinic.token(&merged(world.staff(), &json!({ "scope": "a b" })))),
    ] {
        world.accepts(name, &token).await;
    }
}

#[tokio::test]
async fn another_audience_is_refused() {
    let world = World::new().await;
    let with = |aud: &Value| world.clinic.token(&merged(world.staff(), &json!({ "aud": aud })));
    for aud in [
        json!(""),
        json!([]),
        json!([""]),
        json!(AUDIENCE.to_uppercase()),
        json!(format!("{AUDIENCE}/")),
        json!(&AUDIENCE[..AUDIENCE.len() - 1]),
        json!(format!("{AUDIENCE}.evil.example")),
        json!(format!(" {AUDIENCE}")),
        json!(format!("{AUDIENCE} other")),
        json!("*"),
        json!(["*"]),
        json!([[AUDIENCE]]),
        json!({ "aud": AUDIENCE }),
        json!({ AUDIENCE: true }),
        json!(1),
        json!(true),
        json!([AUDIENCE, 1]),
        json!([AUDIENCE, null]),
        json!(["https://other.example"]),
        json!("notes"),
        json!("consent"),
        json!(identity::NETWORK_ISSUER),
    ] {
        world.refuses(&format!("aud {aud}"), &with(&aud)).await;
    }
    for aud in [json!(AUDIENCE), json!([AUDIENCE]), json!(["https://other.example", AUDIENCE])] {
        world.accepts(&format!("aud {aud}"), &with(&aud)).await;
    }
}

#[tokio::test]
async fn another_issuer_is_refused() {
    let world = World::new().await;
    for iss in [
        json!(""),
        json!(CLINIC.to_uppercase()),
        json!(format!("{CLINIC}/")),
        json!("https://evil.example"),
        json!(&CLINIC[..CLINIC.len() - 1]),
        json!([CLINIC]),
        json!([CLINIC, "x"]),
        json!({ "iss": CLINIC }),
        json!(1),
        json!(format!(" {CLINIC}")),
        json!(identity::NETWORK_ISSUER),
        json!(identity::DEV_ISSUER),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &json!({ "iss": iss })));
        world.refuses(&format!("iss {iss}"), &token).await;
    }
}

#[tokio::test]
async fn a_subject_or_token_id_that_is_empty_long_or_not_plain_is_refused() {
    let world = World::new().await;
    world.bindings.bind_everything();
    for name in ["sub", "jti", "client_id"] {
        for value in [
            json!(""),
            json!("x".repeat(256)),
            json!("a\u{0}b"),
            json!("a\nb"),
            json!("a\u{1b}[31mb"),
            json!("a\u{85}b"),
            json!(1),
            json!(["x"]),
            json!({}),
            json!(true),
        ] {
            let token = world.clinic.token(&merged(world.staff(), &json!({ name: value })));
            world.refuses(&format!("{name} {value}"), &token).await;
        }
    }
    for name in ["sub", "jti", "client_id"] {
        for blank in [" ", "   ", "\u{a0}", "\u{2003}\u{3000}", "dr-a ", " dr-a", "dr-a\u{a0}"] {
            let token = world.clinic.token(&merged(world.staff(), &json!({ name: blank })));
            world.refuses(&format!("{name} {blank:?}"), &token).await;
        }
        for unseen in UNSEEN.chars() {
            for text in [format!("dr{unseen}-a"), format!("{unseen}dr-a"), unseen.to_string()] {
                let token = world.clinic.token(&merged(world.staff(), &json!({ name: text })));
                world.refuses(&format!("{name} {text:?}"), &token).await;
            }
        }
    }
    let longest = "é".repeat(127);
    let token = world.clinic.token(&merged(world.staff(), &json!({ "sub": longest })));
    assert_eq!(world.accepts("254 bytes", &token).await.subject().as_str(), longest);
}

#[tokio::test]
async fn a_claim_twice_is_refused_whichever_it_is() {
    let world = World::new().await;
    let good = world.staff();
    let text = good.to_string();
    let header = world.clinic.header().to_string();
    for (name, value) in good.as_object().unwrap() {
        for second in [value.clone(), json!("other"), json!(null)] {
            let before = format!("{{\"{name}\":{second},{}", &text[1..]);
            let after = format!("{},\"{name}\":{second}}}", &text[..text.len() - 1]);
            for claims in [before, after] {
                world.refuses(&format!("{name} twice"), &world.clinic.sign(&header, &claims)).await;
            }
        }
        // The same name in another spelling of JSON.
        let first = name.chars().next().unwrap();
        let escaped = format!("\\u{:04x}{}", first as u32, &name[1..]);
        let claims = format!("{{\"{escaped}\":{value},{}", &text[1..]);
        world.refuses(&format!("{name} escaped"), &world.clinic.sign(&header, &claims)).await;
        // In other letters it is another claim, and the right one is missing.
        let renamed =
            text.replace(&format!("\"{name}\":"), &format!("\"{}\":", name.to_uppercase()));
        if name != "purposes" {
            world.refuses(&format!("{name} upper"), &world.clinic.sign(&header, &renamed)).await;
        }
    }
    let unknown = format!("{{\"x\":1,\"x\":1,{}", &text[1..]);
    world.refuses("an unknown claim twice", &world.clinic.sign(&header, &unknown)).await;
    let nested = format!("{{\"cnf\":{{\"a\":1,\"a\":2}},{}", &text[1..]);
    world.refuses("twice inside a claim", &world.clinic.sign(&header, &nested)).await;
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let world = World::new().await;
    let header = world.clinic.header().to_string();
    let good = world.staff().to_string();
    let list = json!([CLINIC, AUDIENCE, "dr-a", 1, 1, 1, "j", ["CLINICIAN"]]).to_string();
    let deep = format!("{{\"x\":{}{},{}", "[".repeat(1000), "]".repeat(1000), &good[1..]);
    for claims in [
        "",
        "null",
        "[]",
        "\"x\"",
        "1",
        "{}",
        &list,
        &deep,
        &good[..good.len() - 1],
        &format!("{good}{good}"),
        &format!("{good} x"),
        &format!("\u{feff}{good}"),
        &good.replace('"', "'"),
    ] {
        world.refuses(claims, &world.clinic.sign(&header, claims)).await;
    }
    let not_utf8 = [good.as_bytes(), &[0xff]].concat();
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&not_utf8));
    let signature = jsonwebtoken::crypto::sign(
        message.as_bytes(),
        &world.clinic.private,
        world.clinic.algorithm,
    )
    .unwrap();
    world.refuses("not UTF-8", &format!("{message}.{signature}")).await;
}
