//! A row as the request that it becomes.

use kernel::{Action, Class, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect, RecipientClass, Relationship, SignatureMethod};
use uuid::Uuid;
use wire::{
    consent::v1::{
        ConsentTerms, Disclosers, Grantor, Recipients, RecordSignedConsentRequest,
        RecordedSignature, Rule, Statements,
    },
    convert::{timestamp, to_wire},
};

use super::{
    cells::Reader,
    columns::COLUMNS,
    sheet::{Cells, Refused},
};

/// Where the names of rows are; chosen once.
const ROWS: Uuid = Uuid::from_u128(0x6f0d_3c1e_52a7_4b0e_9d3f_7a1b_c4e8_2d56);

pub fn request(cells: Cells) -> Result<RecordSignedConsentRequest, Vec<Refused>> {
    let request_id = known_by(&cells).to_string();
    let mut row = Reader::of(cells);
    let request = RecordSignedConsentRequest {
        request_id,
        person: row.text("person"),
        terms: Some(terms(&mut row)),
        signature: Some(RecordedSignature {
            method: row.code("method", Some(SignatureMethod::Paper)),
            sign_time: row.time("sign_time").map(timestamp),
            image_sha256: row.text("image_sha256"),
            witness: row.text("witness"),
        }),
        grantor: grantor(&mut row),
        co_grantor: co_grantor(&mut row),
        language: row.text("language"),
    };
    row.done(request)
}

/// A row is what it says: another time, in another place of the file, or with its columns in another
/// order, it is the same paper.
fn known_by(cells: &Cells) -> Uuid {
    let mut said = Vec::new();
    for column in COLUMNS {
        let cell = cells.get(column).map(String::as_str).unwrap_or_default();
        // No cell can run into the next.
        if !cell.is_empty() {
            said.extend_from_slice(format!("{column} {} {cell}\n", cell.len()).as_bytes());
        }
    }
    Uuid::new_v5(&ROWS, &said)
}

fn terms(row: &mut Reader) -> ConsentTerms {
    ConsentTerms {
        r#type: row.code::<ConsentType>("type", None),
        description: row.text("description"),
        rule: Some(rule(row)),
        exceptions: Vec::new(),
        effective: row.time("effective").map(timestamp),
        expires: row.time("expires").map(timestamp),
        never_expires: row.yes("never_expires"),
        revocable_after: row.time("revocable_after").map(timestamp),
        statements: Some(statements(row)),
        supersedes: row.list("supersedes"),
    }
}

fn rule(row: &mut Reader) -> Rule {
    let disclosers = row.list("disclosers");
    Rule {
        effect: row.code("effect", Some(Effect::Permit)),
        recipients: recipients(row),
        disclosers: (!disclosers.is_empty()).then_some(Disclosers { agencies: disclosers }),
        purposes: row.codes::<Purpose>("purposes"),
        actions: row.codes::<Action>("actions"),
        kinds: row.codes::<Kind>("kinds"),
        classes: row.codes::<Class>("classes"),
        confidentialities: row.codes::<Confidentiality>("confidentialities"),
        sensitivities: row.codes::<Sensitivity>("sensitivities"),
        authors: row.list("authors"),
        episodes: row.list("episodes"),
        records: row.list("records"),
        authored_from: row.time("authored_from").map(timestamp),
        authored_until: row.time("authored_until").map(timestamp),
    }
}

/// A permit to everybody must have been meant: an empty cell is none.
fn recipients(row: &mut Reader) -> Option<Recipients> {
    let named = row.list("recipients");
    if named.is_empty() {
        row.refuse("recipients", "must be given; ANYBODY where the paper names nobody");
    }
    if named == ["ANYBODY"] {
        return None;
    }
    let mut recipients = Recipients::default();
    for one in named {
        match one.as_str() {
            "TPO" => recipients.recipient_class = to_wire(RecipientClass::Tpo),
            name if name.contains("/practitioners/") => recipients.practitioners.push(one),
            name if name.starts_with("agencies/") => recipients.agencies.push(one),
            name if name.starts_with("careTeams/") => recipients.care_teams.push(one),
            _ => row.refuse("recipients", "holds what is no agency, practitioner, team or TPO"),
        }
    }
    Some(recipients)
}

fn statements(row: &mut Reader) -> Statements {
    let mut made = Statements::default();
    for one in row.list("statements") {
        match one.as_str() {
            "RIGHT_TO_REVOKE" => made.right_to_revoke = true,
            "REDISCLOSURE" => made.redisclosure = true,
            "REFUSAL_CONSEQUENCES" => made.refusal_consequences = true,
            _ => row.refuse(
                "statements",
                "holds what is none; known are RIGHT_TO_REVOKE, REDISCLOSURE, REFUSAL_CONSEQUENCES",
            ),
        }
    }
    made
}

fn grantor(row: &mut Reader) -> Option<Grantor> {
    let given = Grantor {
        relationship: row.code("grantor", Some(Relationship::SelfSigned)),
        authority: row.text("grantor_authority"),
        agency: row.text("grantor_agency"),
    };
    let themself = given.relationship == to_wire(Relationship::SelfSigned);
    let plain = themself && given.authority.is_empty() && given.agency.is_empty();
    (!plain).then_some(given)
}

/// Who signed beside them; nothing stated: nobody.
fn co_grantor(row: &mut Reader) -> Option<Grantor> {
    let given =
        [row.text("co_grantor"), row.text("co_grantor_authority"), row.text("co_grantor_agency")];
    if given.iter().all(String::is_empty) {
        return None;
    }
    let [_, authority, agency] = given;
    let relationship = row.code::<Relationship>("co_grantor", None);
    Some(Grantor { relationship, authority, agency })
}

#[cfg(test)]
mod tests {
    use wire::{common::v1 as common, consent::v1 as pb};

    use super::*;

    fn cells(told: &[(&'static str, &str)]) -> Cells {
        let whole = [
            ("person", "people/1"),
            ("type", "GENERAL"),
            ("recipients", "agencies/2; agencies/3/practitioners/x;careTeams/4;TPO"),
            ("disclosers", "agencies/1"),
            ("purposes", "TREAT; COC"),
            ("sign_time", "2026-03-01T09:00:00-05:00"),
            ("statements", "RIGHT_TO_REVOKE"),
        ];
        let all = whole.into_iter().chain(told.iter().copied());
        all.filter(|(_, text)| !text.is_empty()).map(|(c, text)| (c, text.to_owned())).collect()
    }

    fn refused(told: &[(&'static str, &str)]) -> Vec<String> {
        request(cells(told)).unwrap_err().into_iter().map(|r| r.column).collect()
    }

    #[test]
    fn a_row_says_what_the_paper_says_and_no_more() {
        let request = request(cells(&[])).unwrap();
        let terms = request.terms.unwrap();
        let rule = terms.rule.unwrap();
        let recipients = rule.recipients.unwrap();
        assert_eq!(terms.r#type, i32::from(pb::ConsentType::General));
        assert_eq!(rule.effect, i32::from(pb::Effect::Permit));
        assert_eq!(recipients.agencies, ["agencies/2"]);
        assert_eq!(recipients.practitioners, ["agencies/3/practitioners/x"]);
        assert_eq!(recipients.care_teams, ["careTeams/4"]);
        assert_eq!(recipients.recipient_class, i32::from(pb::RecipientClass::Tpo));
        assert_eq!(rule.purposes, [common::Purpose::Treat, common::Purpose::Coc].map(i32::from));
        assert!(rule.actions.is_empty() && terms.expires.is_none() && request.grantor.is_none());
        assert!(terms.statements.unwrap().right_to_revoke);
        let signature = request.signature.unwrap();
        assert_eq!(signature.method, i32::from(pb::SignatureMethod::Paper));
        assert_eq!(signature.sign_time.unwrap().seconds, 1_772_373_600);
    }

    #[test]
    fn every_cell_that_can_not_be_read_is_named_at_once() {
        let bad = [
            ("type", "BLANKET"),
            ("purposes", "TREAT;CURIOSITY"),
            ("expires", "2027-01-01"),
            ("never_expires", "maybe"),
            ("statements", "ALL"),
            ("grantor", "COUSIN"),
        ];
        let mut columns = refused(&bad);
        columns.sort();
        let mut all: Vec<&str> = bad.iter().map(|(column, _)| *column).collect();
        all.sort_unstable();
        assert_eq!(columns, all);
        let reason = request(cells(&bad)).unwrap_err();
        assert!(reason.iter().all(|r| !r.reason.contains("CURIOSITY")), "no cell is repeated");
    }

    #[test]
    fn a_permit_to_everybody_must_be_said() {
        let mut none = cells(&[]);
        none.remove("recipients");
        assert_eq!(request(none).unwrap_err()[0].column, "recipients");
        let anybody = request(cells(&[("recipients", "ANYBODY")])).unwrap();
        assert_eq!(anybody.terms.unwrap().rule.unwrap().recipients, None);
        assert_eq!(refused(&[("recipients", "ANYBODY;agencies/2")]), ["recipients"]);
    }

    #[test]
    fn a_row_is_known_by_what_it_says() {
        let id = |told: &[(&'static str, &str)]| request(cells(told)).unwrap().request_id;
        assert_eq!(id(&[]), id(&[]));
        assert_ne!(id(&[]), id(&[("witness", "R. Stone")]));
        assert_ne!(id(&[("witness", "a")]), id(&[("language", "a")]));
        // Kept for good: another would record every file again.
        assert_eq!(id(&[]), "a584dc33-48f3-5b45-a874-eb4f64cdf0d0");
    }

    #[test]
    fn who_signs_for_the_person_is_said_with_their_authority() {
        let told = [("grantor", "GUARDIAN"), ("grantor_authority", "Order 26-7")];
        let grantor = request(cells(&told)).unwrap().grantor.unwrap();
        assert_eq!(grantor.relationship, i32::from(common::Relationship::Guardian));
        assert_eq!(grantor.authority, "Order 26-7");
    }

    #[test]
    fn who_signs_beside_another_is_said_with_what_they_are() {
        assert_eq!(request(cells(&[])).unwrap().co_grantor, None);
        let told = [("co_grantor", "PARENT"), ("co_grantor_authority", "Birth certificate")];
        let beside = request(cells(&told)).unwrap().co_grantor.unwrap();
        assert_eq!(beside.relationship, i32::from(common::Relationship::Parent));
        assert_eq!(beside.authority, "Birth certificate");
        assert_eq!(refused(&[("co_grantor_authority", "x")]), ["co_grantor"]);
    }
}
