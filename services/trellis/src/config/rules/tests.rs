use super::*;

const HEAD: &str = "id = 'state-x'\nversion = '3'\n";
const WHY: &str = "source = 'Code 1'\neffect = 'What it does.'\n";

fn pack(rules: &str) -> Result<Pack, ConfigError> {
    Pack::parse(&format!("{HEAD}{}", rules.replace("WHY", WHY)))
}

fn refused(rules: &str) -> String {
    let Err(error) = pack(rules) else { panic!("accepted: {rules}") };
    let error = error.to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn the_reviewed_default_is_the_one_in_force_and_every_rule_of_it_has_its_source() {
    let read = Pack::parse(DEFAULT_RULES).unwrap();
    assert_eq!(*read.rules(), RulePack::default());
    assert_eq!(read.name(), Rules::default().name());
    let (rules, sources) =
        (DEFAULT_RULES.matches("\n[").count(), DEFAULT_RULES.matches("\nsource = "));
    assert_eq!(sources.count(), rules);
}

#[test]
fn a_pack_says_what_it_says_and_leaves_the_rest_to_the_default() {
    let read = pack("[victim_release]\nmax_days = 1\nWHY").unwrap();
    assert_eq!(read.name(), "state-x-3");
    let nothing = RulePack { minor_signs: vec![], parent_signs: vec![], ..RulePack::default() };
    assert_eq!(*read.rules(), RulePack { max_victim_release_days: 1, ..nothing.clone() });

    let sud: CodeSet<Sensitivity> = [Sensitivity::Sud].into();
    let rule = |from, until| AgeRule { sensitivities: sud, types: CodeSet::EMPTY, from, until };
    let read = pack(
        "[minors.majority]\nage = 17\nWHY
         [[minors.alone]]\nsensitivities = ['SUD']\nfrom = 0\nWHY
         [[minors.both]]\nsensitivities = ['SUD']\nfrom = 10\nuntil = 17\nWHY
         [[minors.parent]]\nsensitivities = ['SUD']\nuntil = 14\nWHY",
    );
    let expected = RulePack {
        age_of_majority: 17,
        minor_signs: vec![rule(0, 17), rule(10, 17)],
        parent_signs: vec![rule(0, 14), rule(10, 17)],
        ..nothing
    };
    assert_eq!(*read.unwrap().rules(), expected);
    let read = pack("[[minors.alone]]\ntypes = ['RESEARCH']\nfrom = 17\nWHY").unwrap();
    assert_eq!(read.rules().minor_signs[0].until, 18, "the default's majority");
}

#[test]
fn what_is_wrong_with_a_pack_is_one_line_that_names_the_key_and_the_limit() {
    for (rules, named) in [
        ("", "holds no rule"),
        ("speed = 1", "line 3: unknown field `speed`"),
        ("[victim_release]\nmax_days = 0\nWHY", "victim_release.max_days must be 1 to 90"),
        ("[victim_release]\nmax_days = 91\nWHY", "victim_release.max_days must be 1 to 90"),
        ("[victim_release]\nmax_days = '9'\nWHY", "victim_release.max_days must be"),
        ("[victim_release]\nmax_days = 9\nmin_days = 1\nWHY", "unknown field `min_days`"),
        ("[victim_release]\nmax_days = 9\nsource = 'x'", "missing field `effect`"),
        (
            "[victim_release]\nmax_days = 9\nsource = ' '\neffect = 'x'",
            "victim_release.source must be 1 to 500",
        ),
        ("[minors.majority]\nage = 19\nWHY", "minors.majority.age must be 0 to 18"),
        ("[minors.majority]\nage = -1\nWHY", "minors.majority.age must be 0 to 18"),
        ("[minors.minority]\nage = 1\nWHY", "unknown field `minority`"),
        ("[minors]\nalone = []", "minors.alone must hold 1 to 16 rules"),
        ("[[minors.alone]]\nfrom = 12\nWHY", "minors.alone[0] needs sensitivities, types or both"),
        (
            "[[minors.alone]]\nsensitivities = []\nfrom = 12\nWHY",
            "minors.alone[0].sensitivities must not be empty",
        ),
        ("[[minors.alone]]\ntypes = []\nfrom = 12\nWHY", "minors.alone[0].types must not be empty"),
        ("[[minors.alone]]\nsensitivities = ['XYZ']\nfrom = 12\nWHY", "unknown variant `XYZ`"),
        ("[[minors.alone]]\nsensitivities = ['MH']\nWHY", "minors.alone[0].from is missing"),
        (
            "[[minors.alone]]\nsensitivities = ['MH']\nfrom = 19\nWHY",
            "minors.alone[0].from must be 0 to 18",
        ),
        (
            "[[minors.alone]]\nsensitivities = ['MH']\nfrom = 18\nWHY",
            "minors.alone[0].from must be below minors.majority.age",
        ),
        (
            "[[minors.alone]]\nsensitivities = ['MH']\nfrom = 1\nuntil = 9\nWHY",
            "minors.alone[0].until has no place",
        ),
        (
            "[[minors.both]]\nsensitivities = ['MH']\nfrom = 9\nuntil = 9\nWHY",
            "minors.both[0].from must be below until",
        ),
        (
            "[[minors.parent]]\nsensitivities = ['MH']\nfrom = 9\nuntil = 12\nWHY",
            "minors.parent[0].from has no place",
        ),
        (
            "[[minors.parent]]\nsensitivities = ['MH']\nuntil = 0\nWHY",
            "minors.parent[0].from must be below until",
        ),
        (
            "[minors.majority]\nage = 16\nWHY\n[[minors.parent]]\nsensitivities = ['MH']\nuntil = 17\nWHY",
            "minors.parent[0].until must not be above minors.majority.age",
        ),
        (
            "[[minors.both]]\nsensitivities = ['MH']\nfrom = 9\nWHY",
            "minors.both[0].until is missing",
        ),
        ("[[minors.both]]\ntypes = ['TPO']\nuntil = 9\nWHY", "minors.both[0].from is missing"),
        (
            "[[minors.parent]]\ntypes = ['TPO']\nuntil = 19\nWHY",
            "minors.parent[0].until must be 0 to 18",
        ),
        (
            "[[minors.parent]]\ntypes = ['TPO']\nuntil = 9\nunless = 1\nWHY",
            "unknown field `unless`",
        ),
    ] {
        let error = refused(rules);
        assert!(error.contains(named), "{rules}: {error}");
    }
    let one = "[victim_release]\nmax_days = 9\nsource = 'x'\neffect = 'x'\n";
    for (head, named) in [
        ("version = '3'", "missing field `id`"),
        ("id = ''\nversion = '3'", "id must be 1 to 40 of"),
        ("id = 'State X'\nversion = '3'", "id must be 1 to 40 of"),
        ("id = 'x'\nversion = '3;4'", "version must be 1 to 20 of"),
    ] {
        let error = Pack::parse(&format!("{head}\n{one}")).err().unwrap().to_string();
        assert!(error.contains(named), "{head}: {error}");
    }
    let long = format!("{one}# {}", "x".repeat(MOST_BYTES));
    assert!(refused(&long).contains("64 KiB"));
}

fn configured(packs: &[&str], dir: &Path) -> Result<Rules, ConfigError> {
    let mut config = Config::parse(super::super::tests::WHOLE).unwrap();
    config.consent.rule_packs = packs.iter().map(|name| dir.join(name)).collect();
    config.check()?;
    config.rules()
}

#[test]
fn packs_are_joined_in_their_order_and_each_id_is_one_packs() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, id: &str, days: u8| {
        let text =
            format!("id = '{id}'\nversion = '3'\n[victim_release]\nmax_days = {days}\n{WHY}");
        fs::write(dir.path().join(name), text).unwrap();
    };
    write("x.toml", "state-x", 60);
    write("y.toml", "state-y", 30);
    write("again.toml", "state-x", 10);
    write("default.toml", "default", 10);
    write("wrong.toml", "state-z", 91);
    assert_eq!(configured(&[], dir.path()).unwrap(), Rules::default());
    let rules = configured(&["x.toml", "y.toml"], dir.path()).unwrap();
    assert_eq!(rules.name(), "default-2026-11;state-x-3;state-y-3");
    assert_eq!(rules.pack().max_victim_release_days, 30);
    assert_eq!(rules.pack().minor_signs, RulePack::default().minor_signs);
    for (packs, named) in [
        (&["x.toml", "again.toml"][..], "again.toml: id is another pack's"),
        (&["default.toml"], "default.toml: id is another pack's"),
        (&["wrong.toml"], "wrong.toml: victim_release.max_days must be 1 to 90"),
        (&["none.toml"], "none.toml: No such file"),
        (&["x.toml"; 17], "consent.rule_packs must name at most 16 files"),
    ] {
        let error = configured(packs, dir.path()).unwrap_err().to_string();
        assert!(error.contains(named) && error.lines().count() == 1, "{error}");
    }
}
