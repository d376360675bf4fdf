use prost_types::FieldMask;
use rpc::Mask;

const KNOWN: [&str; 3] = ["display_name", "description", "places"];
const OUTPUT: [&str; 3] = ["name", "status", "etag"];

fn read(paths: &[&str]) -> Result<Mask, Vec<(String, String)>> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let read = Mask::read(Some(&FieldMask { paths }), &KNOWN, &OUTPUT);
    read.map_err(|bad| bad.into_iter().map(|v| (v.field, v.description)).collect())
}

#[test]
fn what_is_named_is_known_and_nothing_else() {
    let mask = read(&["places", "display_name"]).unwrap();
    assert!(mask.names("places") && mask.names("display_name") && !mask.names("description"));
    assert!(mask.names_any(&["description", "places"]) && !mask.names_any(&["description"]));
    let refused = mask.refused(&["description", "display_name"], "not now");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].field, "update_mask.paths[1]");
}

#[test]
fn all_that_is_wrong_is_told_by_its_place_and_never_said_back() {
    let asked = [
        "display_name",
        "canary-unknown",
        "etag",
        "*",
        "display_name.canary",
        "display_name",
        "places.latitude",
        "status.canary",
        "",
        "Description",
        " description",
    ];
    let bad = read(&asked).unwrap_err();
    let places: Vec<&str> = bad.iter().map(|(field, _)| &**field).collect();
    let expected: Vec<String> =
        (1..asked.len()).map(|n| format!("update_mask.paths[{n}]")).collect();
    assert_eq!(places, expected);
    assert_eq!(bad[0].1, "is no field that can be changed");
    assert_eq!(bad[1].1, "is set by the server");
    assert_eq!(bad[2].1, "must name fields one by one");
    assert_eq!(bad[3].1, "must name the field whole, and nothing below it");
    assert_eq!(bad[4].1, "is named already");
    assert!(!format!("{bad:?}").contains("canary"));
}

#[test]
fn a_mask_names_something_and_not_too_much() {
    for none in [None, Some(FieldMask::default())] {
        let bad = Mask::read(none.as_ref(), &KNOWN, &OUTPUT).unwrap_err();
        assert_eq!((bad.len(), &*bad[0].field), (1, "update_mask"));
    }
    for paths in [51, 10_000] {
        let bad = read(&vec!["display_name"; paths]).unwrap_err();
        assert_eq!(bad[0], ("update_mask".into(), "must name 50 fields at most".into()));
        // The first is right, the other forty-nine that are looked at are doubled.
        assert_eq!(bad.len(), 50, "{paths}");
    }
}
