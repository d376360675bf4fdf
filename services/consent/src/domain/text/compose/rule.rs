//! One rule: who, what, what for, and which records.

use std::fmt::Display;

use kernel::{CareTeamId, Code, CodeSet, Instant, PractitionerId};
use policy::{ConsentType, Effect, RecipientClass, Recipients, Rule};

use super::Say;
use crate::domain::text::catalogue::{Condition, Join, NotIncluded, Party};

impl Say<'_> {
    pub(super) fn rule(&self, rule: &Rule, kind: ConsentType) -> String {
        let words = self.words.rule(rule.effect);
        let doing = rule.actions.map(|set| self.set(set, |c| self.words.action(c)));
        let what_for = rule.purposes.map(|set| self.set(set, |c| self.words.purpose(c)));
        let line = |label: &str, said: &str| format!("- {label}: {said}");
        let mut lines = vec![
            words.lead.to_owned(),
            line(words.sharing, &self.disclosers(rule)),
            line(words.receiving, &self.recipients(rule.recipients.as_ref())),
            line(words.doing, doing.as_deref().unwrap_or(words.any_action)),
            line(words.what_for, what_for.as_deref().unwrap_or(words.any_purpose)),
            line(words.which, &self.records(rule)),
        ];
        let left_out = not_included(rule, kind).map(|what| self.words.not_included(what));
        lines.extend(left_out.map(|left_out| line(words.not_included, left_out)));
        lines.join("\n")
    }

    pub(super) fn disclosers(&self, rule: &Rule) -> String {
        match &rule.disclosers {
            None => self.words.party(Party::AnyDiscloser),
            Some(d) => self.list(d.agencies.iter().map(|id| self.agency(id)), Join::And),
        }
    }

    pub fn recipients(&self, recipients: Option<&Recipients>) -> String {
        let Some(recipients) = recipients else { return self.words.party(Party::AnyRecipient) };
        let agencies = recipients.agencies.iter().map(|id| self.agency(id));
        let practitioners = recipients.practitioners.iter().map(|whole| self.practitioner(whole));
        let teams = recipients.care_teams.iter().map(|id| self.care_team(id));
        let class = recipients.class.map(|class| self.class(class));
        self.list(agencies.chain(practitioners).chain(teams).chain(class), Join::And)
    }

    pub fn practitioner(&self, whole: &PractitionerId) -> String {
        let Some((agency, who)) = whole.as_str().split_once('/') else { return self.id(whole) };
        let (who, agency) = (self.id(who), self.agency(&agency.into()));
        self.words.party(Party::Practitioner { who: &who, agency: &agency })
    }

    pub fn care_team(&self, id: &CareTeamId) -> String {
        self.words.party(Party::CareTeam(&self.id(id)))
    }

    pub fn class(&self, class: RecipientClass) -> String {
        self.words.party(Party::Class(class))
    }

    pub fn nobody(&self) -> String {
        self.words.party(Party::Nobody)
    }

    fn records(&self, rule: &Rule) -> String {
        let say = |condition: Condition<'_>| self.words.condition(condition);
        let mut all = vec![match rule.kinds {
            Some(kinds) => self.set(kinds, |c| self.words.kind(c)),
            None => say(Condition::AnyKind),
        }];
        if let Some(classes) = rule.classes {
            all.push(say(Condition::Classes(&self.set(classes, |c| self.words.class(c)))));
        }
        if let Some(levels) = rule.confidentialities {
            let levels = self.set(levels, |c| self.words.confidentiality(c));
            all.push(say(Condition::Confidentialities(&levels)));
        }
        all.push(match rule.sensitivities {
            None => self.words.rule(rule.effect).any_subject.to_owned(),
            Some(about) => {
                let about = self.set(about, |c| self.words.sensitivity(c));
                say(Condition::Subjects(rule.effect, &about))
            }
        });
        if let Some(authors) = rule.authors.as_ref().filter(|authors| !authors.is_empty()) {
            let authors = authors.iter().map(|author| last_part(author.as_str()));
            all.push(say(Condition::WrittenBy(&self.ids(authors, Join::Or))));
        }
        if let Some(episodes) = &rule.episodes {
            all.push(say(Condition::Episodes(&self.ids(episodes, Join::And))));
        }
        if let Some(records) = &rule.records {
            all.push(say(Condition::Alone(&self.ids(records, Join::And))));
        }
        all.extend(self.written(rule.authored_from, rule.authored_until));
        all.join("; ")
    }

    fn written(&self, from: Option<Instant>, until: Option<Instant>) -> Option<String> {
        let (from, until) =
            (from.map(|at| self.words.date(at)), until.map(|at| self.words.date(at)));
        let condition = match (&from, &until) {
            (None, None) => return None,
            (Some(from), None) => Condition::WrittenFrom(from),
            (None, Some(until)) => Condition::WrittenBefore(until),
            (Some(from), Some(until)) => Condition::WrittenBetween(from, until),
        };
        Some(self.words.condition(condition))
    }

    fn set<C: Code>(&self, codes: CodeSet<C>, word: impl Fn(C) -> &'static str) -> String {
        self.list(codes.iter().map(|code| word(code).to_owned()), Join::And)
    }

    fn ids(&self, all: impl IntoIterator<Item = impl Display>, join: Join) -> String {
        self.list(all.into_iter().map(|id| self.id(id)), join)
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// What such a consent never opens, said where somebody might think that it does.
fn not_included(rule: &Rule, kind: ConsentType) -> Option<NotIncluded> {
    match (rule.effect, kind) {
        (Effect::Deny, _) | (_, ConsentType::CounselingNotes) => None,
        (_, ConsentType::VictimServicesRelease) => Some(NotIncluded::CounselingNotes),
        _ => Some(NotIncluded::CounselingNotesAndVictimServices),
    }
}
