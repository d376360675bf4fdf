use kernel::{CodeSet, Confidentiality, Sensitivity};
use rpc::{Error, Violation, check, id, labels, optional_id, page_size};
use uuid::Uuid;
use wire::{
    common::v1 as common,
    directory::v1::{CreateCareTeamRequest, SuspendAgencyRequest},
    notes::v1::SignNoteRequest,
    people::v1::Address,
};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn fields<T: std::fmt::Debug>(done: Result<T, Error>) -> Vec<String> {
    match done {
        Err(Error::Invalid(violations)) => violations.into_iter().map(|v| v.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn annotations_nil_ids_and_what_a_handler_adds_are_told_at_once() {
    let request = SignNoteRequest {
        request_id: NIL.to_owned(),
        name: format!("notes/{NIL}"),
        etag: "x".repeat(65),
    };
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    let done = check(&request).ids(&ids).and([Violation::new("more", "why")]).done();
    assert_eq!(fields(done), ["request_id", "name", "etag", "more"]);
    let fine = SignNoteRequest {
        request_id: Uuid::from_u128(1).to_string(),
        name: format!("notes/{}", Uuid::from_u128(2)),
        etag: String::new(),
    };
    let ids = [("request_id", &*fine.request_id), ("name", &*fine.name)];
    check(&fine).ids(&ids).and(None).done().unwrap();
}

#[test]
fn a_name_has_one_spelling() {
    let one = Uuid::from_u128(0xabcdef);
    assert_eq!(id("person", "people", &format!("people/{one}")).unwrap(), one);
    assert_eq!(optional_id("person", "people", "").unwrap(), None);
    for odd in [
        format!("people/{}", one.to_string().to_uppercase()),
        format!("people/{}", one.braced()),
        format!("people/{}", one.simple()),
        format!("people/{}", one.urn()),
        format!("People/{one}"),
        format!("notes/{one}"),
        format!("people/{one}/"),
        format!("people/{one} "),
        format!("people/{NIL}"),
        one.to_string(),
        "people/".to_owned(),
    ] {
        assert_eq!(fields(id("person", "people", &odd)), ["person"], "{odd}");
        assert_eq!(fields(optional_id("person", "people", &odd)), ["person"], "{odd}");
    }
}

#[test]
fn sizes_and_labels() {
    assert_eq!([0, 1, 200].map(page_size), [50, 1, 200]);
    assert_eq!([-1, 201, i32::MIN, i32::MAX].map(page_size), [1, 200, 1, 200]);
    assert_eq!(labels("labels", None).unwrap(), (None, CodeSet::EMPTY, false, false));
    let given = common::Labels {
        confidentiality: common::Confidentiality::N.into(),
        sensitivities: vec![common::Sensitivity::Sud.into()],
        part2: true,
        victim_service: false,
    };
    let expected = (Some(Confidentiality::Normal), [Sensitivity::Sud].into(), true, false);
    assert_eq!(labels("labels", Some(&given)).unwrap(), expected);
    let unknown = common::Labels { sensitivities: vec![99], ..given };
    assert_eq!(fields(labels("labels", Some(&unknown))), ["labels.sensitivities"]);
}

#[test]
fn a_plain_text_shows_as_it_reads() {
    for (text, line, lines) in [
        ("plain é ü \u{1F600}", true, true),
        ("", true, true),
        ("two\nlines\tand\r\n", false, true),
        ("a\0b", false, false),
        ("a\u{7F}b", false, false),
        ("a\u{202E}b", false, false),
        ("a\u{2066}b", false, false),
        // Marks of direction, what has no width, and tags.
        ("a\u{61C}b", false, true),
        ("a\u{200B}b", false, true),
        ("a\u{200E}b", false, true),
        ("a\u{200F}b", false, true),
        ("a\u{2060}b", false, true),
        ("\u{FEFF}ab", false, true),
        ("a\u{E0041}b", false, true),
        ("a\u{E007F}b", false, true),
        // As it is written in Persian and in Hindi.
        ("\u{646}\u{645}\u{6CC}\u{200C}\u{62F}\u{627}\u{646}\u{645}", true, true),
        ("\u{915}\u{94D}\u{200D}\u{937}", true, true),
    ] {
        assert_eq!(rpc::plain("x", text, false).is_none(), line, "{text:?}");
        assert_eq!(rpc::plain("x", text, true).is_none(), lines, "{text:?}");
    }
    assert_eq!(rpc::plain("x", "\0", false).unwrap().field, "x");
}

/// In a class of a pattern of the contract: what no name has.
const UNSEEN: &str = concat!(
    r"\x00-\x1F\x7F-\x{9F}\x{AD}\x{034F}\x{061C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180E}",
    r"\x{200B}\x{200E}\x{200F}",
    r"\x{2028}\x{2029}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{2800}\x{3164}\x{FEFF}\x{FFA0}",
    r"\x{FFF0}-\x{FFFB}\x{1BCA0}-\x{1BCA3}\x{1D173}-\x{1D17A}\x{E0000}-\x{E00FF}",
    r"\x{E01F0}-\x{E0FFF}",
);

/// Whether the contract takes this for the name of a team.
fn is_name(text: &str) -> bool {
    let display_name = text.to_owned();
    let asked = CreateCareTeamRequest { display_name, ..CreateCareTeamRequest::default() };
    wire::validate(&asked).iter().all(|one| one.field != "display_name")
}

#[test]
fn the_contract_and_the_services_refuse_the_same_characters_in_a_name() {
    // Every pattern that refuses one of them refuses all.
    let contract = String::from_utf8_lossy(wire::DESCRIPTORS);
    let classes = contract.matches(UNSEEN).count();
    assert_eq!(classes, contract.matches(r"\x{FEFF}").count());
    assert!(classes > 40, "{classes}");
    let (unseen, seen): (Vec<char>, Vec<char>) =
        ('\0'..=char::MAX).partition(|c| kernel::is_unseen(*c));
    for c in unseen {
        let name = format!("a{c}b");
        assert!(!is_name(&name) && rpc::plain("x", &name, false).is_some(), "{c:?}");
    }
    for some in seen.chunks(100) {
        let name = format!("a{}", some.iter().collect::<String>());
        assert!(is_name(&name) && rpc::plain("x", &name, false).is_none(), "{name:?}");
    }
}

#[test]
fn a_blank_of_any_script_is_no_name() {
    for blank in
        [" ", "\u{A0}", "\u{1680}", "\u{2003}\u{3000}", "\u{205F} \u{202F}", "\u{200D}\u{FE0F}"]
    {
        assert!(!is_name(blank), "{blank:?}");
        assert!(is_name(&format!("{blank}a{blank}")), "{blank:?}");
    }
}

#[test]
fn a_sentence_is_written_as_its_script_is_and_shows_as_it_reads() {
    let refused = |text: &str| {
        let (reason, line) = (text.to_owned(), text.to_owned());
        let asked = SuspendAgencyRequest { reason, ..SuspendAgencyRequest::default() };
        let address = Address { line, ..Address::default() };
        let found = [wire::validate(&asked), wire::validate(&address)].concat();
        let told = found.into_iter().map(|one| one.field);
        told.filter(|field| ["reason", "line"].contains(&field.as_str())).collect::<Vec<_>>()
    };
    // Khmer, whose words part without a space, and Hebrew, as it is pasted.
    for text in ["\u{1781}\u{17D2}\u{200B}\u{1798}", "\u{5D0}\u{200F} 1\u{200E}", "a\u{AD}b"] {
        assert_eq!(refused(text), [] as [String; 0], "{text:?}");
    }
    // Nothing that anybody reads, of every kind.
    let blank = ('\0'..=char::MAX).filter(|c| kernel::is_blank(&c.to_string()));
    for text in blank.map(|c| format!(" {c}{c}")) {
        assert_eq!(refused(&text), ["reason", "line"], "{text:?}");
    }
    for text in [" ", "a\nb", "a\0b", "a\u{202E}b", "a\u{2066}b"] {
        assert_eq!(refused(text), ["reason", "line"], "{text:?}");
    }
}

#[test]
fn a_name_with_the_nil_uuid_anywhere_is_nobodys() {
    let (nil, other) = (Uuid::nil(), Uuid::from_u128(7));
    for name in [
        nil.to_string(),
        format!("agencies/{nil}"),
        format!("agencies/{nil}/practitioners/dr-a"),
        format!("agencies/{nil}/practitioners/{other}"),
    ] {
        assert_eq!(rpc::nil("x", &name).unwrap().field, "x", "{name}");
    }
    for name in [String::new(), format!("agencies/{other}/practitioners/dr-a")] {
        assert_eq!(rpc::nil("x", &name), None, "{name}");
    }
}
