//! The comparison in SQL beside the crate's.

use std::collections::{BTreeMap, BTreeSet};

use matching::{Field, Frequencies, Level, Registration, blocks, compare, generate};
use serde_json::{Value, json};

use crate::world::World;

fn form(of: &Registration) -> Value {
    let form = of.form();
    let (systems, numbers): (Vec<_>, Vec<_>) = form.identifiers.into_iter().unzip();
    json!({
        "given_words": form.given.0, "given": form.given.1,
        "family_words": form.family.0, "family": form.family.1,
        "born": form.birth.to_string(), "phone": form.phone, "postal_code": form.postal_code,
        "street": form.street, "systems": systems, "numbers": numbers,
    })
}

fn name(levels: &[Level]) -> String {
    Field::ALL.iter().zip(levels).map(|(field, level)| format!("{field}: {level:?}; ")).collect()
}

#[tokio::test]
async fn levels_in_sql_are_those_of_the_crate_over_a_generated_population() {
    let world = World::new().await;
    let population = generate::population(5_000, 5);
    let mut names = Frequencies::default();
    population.plain().for_each(|one| names.add(one));
    let all: Vec<&Registration> = population.plain().collect();
    let mut by_block: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        blocks(one).into_iter().for_each(|block| by_block.entry(block).or_default().push(at));
    }
    let mut together = BTreeSet::new();
    for block in by_block.values() {
        for (n, one) in block.iter().enumerate() {
            together.extend(block[n + 1..].iter().map(|other| (*one, *other)));
        }
    }
    let many = BTreeSet::new();
    let (mut pairs, mut expected) = (Vec::new(), Vec::new());
    for (one, other) in together.into_iter().take(12_000) {
        let (one, other) = (all[one], all[other]);
        let (a, b) = (one.form(), other.form());
        let given = [&a.given.1, &b.given.1].map(|n| names.given(n).unwrap() * names.total());
        let family = [&a.family.1, &b.family.1].map(|n| names.family(n).unwrap() * names.total());
        pairs.push(json!({ "one": form(one), "other": form(other),
            "given": given.map(f64::round), "family": family.map(f64::round) }));
        let levels = compare(one, other, &names, &many);
        let both = names.are_given(&a.given.1, &b.given.1);
        expected.push((levels, both, names.are_family(&a.family.1, &b.family.1)));
    }
    assert!(pairs.len() > 3_000, "{} pairs", pairs.len());
    let found: Vec<(Vec<i16>, bool, bool)> = sqlx::query_as(
        "SELECT form_levels(q.one, q.other, '{}', q.given, q.family), q.given, q.family
         FROM (SELECT one, other, pair.place,
                 are_names(one.given, (value->'given'->>0)::numeric::bigint, other.given,
                     (value->'given'->>1)::numeric::bigint, $2) AS given,
                 are_names(one.family, (value->'family'->>0)::numeric::bigint, other.family,
                     (value->'family'->>1)::numeric::bigint, $2) AS family
             FROM jsonb_array_elements($1) WITH ORDINALITY AS pair (value, place),
                 jsonb_populate_record(NULL::match_form, value->'one') AS one,
                 jsonb_populate_record(NULL::match_form, value->'other') AS other) AS q
         ORDER BY q.place",
    )
    .bind(Value::Array(pairs.clone()))
    .bind(i64::try_from(all.len()).unwrap())
    .fetch_all(&mut world.admin().await)
    .await
    .unwrap();
    let mut seen = BTreeSet::new();
    for ((found, pair), (expected, given, family)) in found.iter().zip(&pairs).zip(&expected) {
        let mut levels: Vec<Level> =
            found.0.iter().map(|at| Level::ALL[usize::try_from(*at).unwrap()]).collect();
        // Nobody states it to the service.
        levels[3] = expected[3];
        assert_eq!((found.1, found.2), (*given, *family), "{pair}");
        assert_eq!(name(&levels), name(expected), "{pair}");
        seen.extend(Field::ALL.into_iter().zip(levels));
    }
    assert_eq!(found.len(), expected.len());
    // Each level of each field was met, or the test shows little.
    for field in Field::ALL {
        for level in field.levels() {
            assert!(seen.contains(&(field, *level)), "{field} {level:?} was not met");
        }
    }
}
