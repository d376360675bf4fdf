use super::*;

fn barc() -> Instrument {
    Instruments::open(None).unwrap().get("barc-10").unwrap().clone()
}

fn answers(values: &[Option<i32>]) -> Vec<Answer> {
    barc().items.iter().zip(values).map(|(item, value)| (item.code.clone(), *value)).collect()
}

#[test]
fn barc_10_is_ten_items_of_1_to_6_and_47_means_something() {
    let barc = barc();
    assert_eq!((barc.items.len(), barc.range()), (10, (10, 60)));
    assert_eq!(barc.marks.iter().map(|mark| mark.total).collect::<Vec<_>>(), [47]);
    for (value, total) in [(1, 10), (4, 40), (6, 60)] {
        let all = answers(&[Some(value); 10]);
        assert!(barc.violations(&all).is_empty());
        assert_eq!(barc.total(&barc.ordered(&all)), Some(total));
    }
    for value in [0, 7, -1, i32::MAX, i32::MIN] {
        let mut all = answers(&[Some(3); 10]);
        all[4].1 = Some(value);
        let wrong = barc.violations(&all);
        assert_eq!(wrong.len(), 1);
        assert_eq!(
            (&*wrong[0].field, &*wrong[0].description),
            ("answers[4].value", "must be 1 to 6")
        );
    }
}

#[test]
fn a_total_is_of_all_or_not_at_all() {
    let barc = barc();
    let mut all = answers(&[Some(6); 10]);
    all[3].1 = None;
    assert_eq!(barc.total(&barc.ordered(&all)), None);
    all.truncate(9);
    assert_eq!(barc.ordered(&all).len(), 10);
    assert_eq!(barc.total(&barc.ordered(&all)), None);
    assert_eq!(barc.total(&barc.ordered(&[])), None);
    let outcomes = Instruments::open(None).unwrap().get("outcomes").unwrap().clone();
    let every: Vec<Answer> = outcomes.items.iter().map(|i| (i.code.clone(), Some(5))).collect();
    assert_eq!(outcomes.total(&outcomes.ordered(&every)), None);
}

#[test]
fn an_item_is_known_and_answered_once() {
    let barc = barc();
    let odd = [("happy".into(), Some(1)), ("happy".into(), None), ("moon".into(), Some(9))];
    let wrong = barc.violations(&odd);
    let fields: Vec<&str> = wrong.iter().map(|v| &*v.field).collect();
    assert_eq!(fields, ["answers[1].item", "answers[2].item", "answers[2].value"]);
}

#[test]
fn answers_are_kept_in_the_order_of_the_items() {
    let barc = barc();
    let mut given = answers(&[Some(1), Some(2), None, Some(4)]);
    given.reverse();
    let values: Vec<_> = barc.ordered(&given).into_iter().map(|(_, value)| value).collect();
    let mut expected = vec![Some(1), Some(2), None, Some(4)];
    expected.resize(10, None);
    assert_eq!(values, expected);
}

#[test]
fn texts_are_in_the_language_that_there_is() {
    let all = Instruments::open(None).unwrap();
    let outcomes = all.get("outcomes").unwrap();
    for (asked, got) in [("es", "es"), ("ES-mx", "es"), ("en-US", "en"), ("", "en"), ("vi", "en")] {
        assert_eq!(outcomes.language(asked), got);
    }
    // All of one instrument is in one language.
    for instrument in all.all() {
        let texts = [&instrument.title, &instrument.instructions];
        let items = instrument.items.iter().map(|item| &item.text);
        for text in texts.into_iter().chain(items) {
            let languages: Vec<_> = text.0.keys().collect();
            assert_eq!(languages, instrument.title.0.keys().collect::<Vec<_>>(), "{text:?}");
        }
    }
}

#[test]
fn relief_is_offered_where_there_is_strain_and_nowhere_else() {
    let all = Instruments::open(None).unwrap();
    let strain = all.get("caregiver-strain").unwrap();
    assert_eq!(strain.subject, Subject::Caregiver);
    assert!(strain.searches(Some(11), "en").is_empty() && strain.searches(None, "en").is_empty());
    assert_eq!(strain.searches(Some(12), "en"), ["respite", "family support group"]);
    assert_eq!(strain.searches(Some(24), "es").len(), 2);
    assert!(barc().searches(Some(60), "en").is_empty());
}

#[test]
fn a_definition_that_makes_no_sense_is_refused_by_its_file() {
    let whole: serde_json::Value = serde_json::from_str(OURS[1].1).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut one = whole.clone();
        change(&mut one);
        let refused = Instruments::default().add("mine.json", &one.to_string()).unwrap_err();
        refused.to_string()
    };
    for change in [
        (&|one: &mut serde_json::Value| one["code"] = "Two Words".into())
            as &dyn Fn(&mut serde_json::Value),
        &|one| one["items"] = serde_json::json!([]),
        &|one| one["items"][1]["code"] = "sleep".into(),
        &|one| one["items"][1]["text"] = serde_json::json!({ "es": "solo" }),
        &|one| one["scale"]["min"] = 4.into(),
        &|one| one["marks"][0]["total"] = 25.into(),
        &|one| one["relief"]["total"] = (-1).into(),
        &|one| one["totalled"] = false.into(),
        &|one| one["license"] = "".into(),
        &|one| one["moon"] = "full".into(),
        &|one| one["scale"]["max"] = "four".into(),
    ] {
        let why = with(change);
        assert!(why.starts_with("instrument mine.json: "), "{why}");
    }
    let mut all = Instruments::open(None).unwrap();
    assert!(matches!(all.add("again.json", OURS[0].1), Err(InstrumentError::Twice(_))));
}

#[test]
fn a_folder_has_more_of_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("readme.txt"), "not one").unwrap();
    let mine = OURS[2].1.replace("\"outcomes\"", "\"mine\"");
    std::fs::write(folder.path().join("mine.json"), mine).unwrap();
    let all = Instruments::open(Some(folder.path())).unwrap();
    let codes: Vec<&str> = all.all().map(|one| &*one.code).collect();
    assert_eq!(codes, ["barc-10", "caregiver-strain", "mine", "outcomes"]);
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(Instruments::open(Some(&nowhere)), Err(InstrumentError::Io(..))));
}

#[test]
fn of_answers_without_end_only_as_many_are_looked_at_as_the_contract_allows() {
    let all = Instruments::open(None).unwrap();
    let asked = all.get("barc-10").unwrap();
    let code = |n: usize| asked.items[usize::from(n >= 2_000)].code.clone();
    // Each of the second half was compared with all of the first one.
    let many: Vec<Answer> = (0..4_000).map(|n| (code(n), None)).collect();
    assert_eq!(asked.violations(&many).len(), MOST_ANSWERS - 1);
    let both: Vec<Answer> = vec![(code(0), None), (code(2_000), None), (code(0), None)];
    let fields: Vec<_> = asked.violations(&both).into_iter().map(|wrong| wrong.field).collect();
    assert_eq!(fields, ["answers[2].item"]);
}
