//! The columns of the file, and which field of the request each is.

/// Every column, in the order in which a row is known.
pub const COLUMNS: &[&str] = &[
    "person",
    "type",
    "effect",
    "description",
    "recipients",
    "disclosers",
    "purposes",
    "actions",
    "kinds",
    "classes",
    "confidentialities",
    "sensitivities",
    "authors",
    "episodes",
    "records",
    "authored_from",
    "authored_until",
    "effective",
    "expires",
    "never_expires",
    "revocable_after",
    "statements",
    "supersedes",
    "method",
    "sign_time",
    "image_sha256",
    "witness",
    "language",
    "grantor",
    "grantor_authority",
    "grantor_agency",
    "co_grantor",
    "co_grantor_authority",
    "co_grantor_agency",
];

/// Without these a file is another one.
pub const NEEDED: &[&str] =
    &["person", "type", "recipients", "disclosers", "sign_time", "image_sha256", "witness"];

pub const HELP: &str = "\
Columns, in any order; the first row names them. An empty cell, or a column left out, is nothing stated.
Lists are separated by `;`. Times are RFC 3339, such as 2026-03-01T09:00:00-05:00.

  What is consented to
    person              people/UUID
    type                GENERAL, TPO, COUNSELING_NOTES, CRIMINAL_JUSTICE, PROCEEDINGS,
                        VICTIM_SERVICES_RELEASE, RESEARCH
    effect              PERMIT (also when empty), DENY
    description         what information, as the paper says it
    recipients          agencies/UUID, agencies/UUID/practitioners/ID, careTeams/UUID, the class TPO;
                        ANYBODY where the paper names nobody
    disclosers          agencies/UUID: the agency that records
    purposes            TREAT, COC, HPAYMT, …
    actions             READ, WRITE, TRANSITION, REFER
    kinds               NOTE, REFERRAL, PROFILE
    classes             GENERAL, COUNSELING_NOTE
    confidentialities   U, L, M, N, R, V
    sensitivities       SUD, MH, HIV, …
    authors, episodes, records, authored_from, authored_until
    effective           never before its recording
    expires, never_expires (YES), revocable_after
    statements          RIGHT_TO_REVOKE, REDISCLOSURE, REFUSAL_CONSEQUENCES: those that it makes
    supersedes          consents/UUID
  How it was signed
    method              PAPER (also when empty), WET_INK
    sign_time, image_sha256, witness
    language            en (also when empty), es
    grantor             SELF (also when empty), PARENT, GUARDIAN, PERSONAL_REPRESENTATIVE
    grantor_authority, grantor_agency
    co_grantor, co_grantor_authority, co_grantor_agency
                        who signed beside them, where a minor and who acts for them both did

A consent with exceptions can't be written in one row: record it by the RPC.

Example:
  trellis token --kind staff --agency agencies/UUID --client demo --role CASE_MANAGER > staff.token
  trellis import consents ./paper.csv --server http://127.0.0.1:50051 --token-file staff.token";

/// The column that a field of the request was read from; the field itself where there is none.
pub fn column_of(field: &str) -> String {
    let path = ["terms.rule.", "terms.", "signature."]
        .into_iter()
        .find_map(|prefix| field.strip_prefix(prefix))
        .unwrap_or(field);
    let column = match path {
        "grantor.relationship" => "grantor",
        "grantor.authority" => "grantor_authority",
        "grantor.agency" => "grantor_agency",
        "co_grantor.relationship" => "co_grantor",
        "co_grantor.authority" => "co_grantor_authority",
        "co_grantor.agency" => "co_grantor_agency",
        other => other.split(['.', '[']).next().unwrap_or(other),
    };
    if COLUMNS.contains(&column) { column.to_owned() } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_the_request_has_the_column_that_it_was_read_from() {
        for (field, column) in [
            ("person", "person"),
            ("terms.type", "type"),
            ("terms.rule.recipients.agencies[0]", "recipients"),
            ("terms.rule.purposes", "purposes"),
            ("terms.statements.right_to_revoke", "statements"),
            ("terms.supersedes[1]", "supersedes"),
            ("signature.image_sha256", "image_sha256"),
            ("grantor", "grantor"),
            ("grantor.authority", "grantor_authority"),
            ("co_grantor.authority", "co_grantor_authority"),
            ("terms", "terms"),
        ] {
            assert_eq!(column_of(field), column, "{field}");
        }
    }

    #[test]
    fn the_help_names_every_column() {
        for column in COLUMNS {
            assert!(HELP.contains(column), "{column}");
        }
        assert!(NEEDED.iter().all(|column| COLUMNS.contains(column)));
    }
}
