//! What the index knows of the words of a search.

use pg::{PgConnection, StoreError};

use crate::domain::{Search, Terms, words::Unit};

/// The units of the text, misspelt ones corrected, and how all words of the search are looked for.
pub(super) async fn understand(
    tx: &mut PgConnection,
    search: &Search,
) -> Result<(Vec<Unit>, Terms), StoreError> {
    let mut units = search.units();
    let unknown: Vec<String> =
        units.iter().filter(|unit| unit.need.is_none()).map(|unit| unit.said.clone()).collect();
    if !unknown.is_empty() {
        // Nothing is corrected that any service has, or that stands for a word it has.
        let rows = sqlx::query!(
            r#"SELECT w.said AS "said!", ARRAY(SELECT k.word FROM search_word k WHERE k.word % w.said
                   ORDER BY similarity(k.word, w.said) DESC, k.word LIMIT 20) AS "alike!"
               FROM unnest($1::text[]) AS w (said)
               WHERE w.said ~ '^[a-z]{5,30}$' AND NOT EXISTS (SELECT FROM search_word k
                   WHERE k.word = w.said OR k.stem = ANY (stems_of(w.said)))
                 AND cardinality(stems_of(w.said)) > 0"#,
            &unknown,
        )
        .fetch_all(&mut *tx)
        .await?;
        for row in rows {
            let meant = units.iter_mut().filter(|unit| unit.said == row.said);
            meant.for_each(|unit| unit.correct(&row.alike));
        }
    }
    let wanted = Terms::wanted(search, &units);
    let stems = if wanted.is_empty() {
        Vec::new()
    } else {
        sqlx::query!(
            r#"SELECT w.said AS "said!", stems_of(w.said) AS "stems!"
               FROM unnest($1::text[]) AS w (said)"#,
            &wanted,
        )
        .fetch_all(tx)
        .await?
    };
    let stems = stems.into_iter().map(|row| (row.said, row.stems)).collect();
    let terms = Terms::of(search, &mut units, &stems);
    Ok((units, terms))
}
