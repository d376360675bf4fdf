//! Every service follows the directory: who speaks for an agency, its flags, and who is suspended. After 10 seconds of
//! silence it says nothing any more, and that is a refusal.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use identity::{AgencyBindings, Binding, Principal, PrincipalStanding};
use kernel::{AgencyId, AgencyStatus, PractitionerId, Sector};
use policy::{Agencies, Agency, CareTeam};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::{
    convert::{from_wire, id_of},
    directory::v1::{
        AcknowledgeAgenciesRequest, AgencyState, AgencyStatus as PbStatus, CareTeamMembers,
        PrincipalState, WatchAgenciesRequest, WatchAgenciesResponse,
        directory_service_client::DirectoryServiceClient,
    },
};

use crate::{DEADLINE, Peer};

/// Silence after which nothing is said.
const STALE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// The directory as this process last heard it.
#[derive(Debug, Default)]
pub struct Directory {
    view: ArcSwap<View>,
    heard: Mutex<Option<Instant>>,
    /// A directory in this very process is never stale.
    local: bool,
}

#[derive(Debug, Default, Clone)]
struct View {
    revision: i64,
    states: Arc<States>,
    agencies: Arc<Agencies>,
    /// The suspensions of principals that are in force, by their names.
    suspensions: Arc<HashMap<String, Suspension>>,
    /// The same, to be looked up.
    suspended: Arc<HashSet<Suspension>>,
}

/// A principal, for what it does for one agency or for everything.
type Suspension = (Principal, Option<AgencyId>);

impl Directory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The directory service's own: told by its store, not by a stream.
    pub fn local() -> Arc<Self> {
        Arc::new(Self { local: true, ..Self::default() })
    }

    fn stale(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        !heard.is_some_and(|at| self.local || at.elapsed() < STALE)
    }

    /// Revision and flags of all agencies; none when stale.
    pub fn agencies(&self) -> Option<(i64, Arc<Agencies>)> {
        if self.stale() {
            return None;
        }
        let view = self.view.load();
        Some((view.revision, Arc::clone(&view.agencies)))
    }

    /// Whether an agency takes part; none when stale.
    pub fn takes_part(&self, agency: &AgencyId) -> Option<bool> {
        let (_, agencies) = self.agencies()?;
        let found = agencies.get(agency);
        Some(found.is_some_and(|agency| agency.status == AgencyStatus::Active))
    }

    /// What people call an agency; none when it is not known.
    pub fn display_name(&self, agency: &AgencyId) -> Option<String> {
        let view = self.view.load();
        view.states.get(agency)?.agency.as_ref().map(|a| a.display_name.clone())
    }

    /// The agencies in whose care teams a sign-in is: as their tokens name it, by an issuer that speaks for them. Of
    /// other staff nothing is known here.
    pub fn teams_of(&self, issuer: &str, subject: &str) -> Vec<AgencyId> {
        let view = self.view.load();
        let theirs = |state: &AgencyState| {
            let mut members = state.care_teams.iter().flat_map(|team| &team.members);
            state.bindings.iter().any(|binding| binding.issuer == issuer)
                && members.any(|member| member == subject)
        };
        let found = view.states.iter().filter(|(_, state)| theirs(state));
        found.map(|(agency, _)| agency.clone()).collect()
    }

    /// Takes one step of the feed, and goes by it from now on: where the store itself told it.
    pub fn apply(&self, step: &WatchAgenciesResponse) {
        self.take(step);
        self.heard(Instant::now());
    }

    /// What is known here was so at that moment.
    fn heard(&self, at: Instant) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    fn take(&self, step: &WatchAgenciesResponse) {
        let told = !step.agencies.is_empty() || !step.principals.is_empty();
        if !step.snapshot && !told {
            return;
        }
        let old = self.view.load();
        let mut view = View { revision: step.revision, ..View::clone(&old) };
        if step.snapshot || !step.agencies.is_empty() {
            (view.states, view.agencies) = agencies_after(&old.states, step);
        }
        if step.snapshot || !step.principals.is_empty() {
            let suspensions = suspensions_after(&old.suspensions, step);
            view.suspended = Arc::new(suspensions.values().cloned().collect());
            view.suspensions = Arc::new(suspensions);
        }
        self.view.store(Arc::new(view));
    }
}

/// The flags that a decision needs.
pub fn agency_of(state: &AgencyState) -> Option<Agency> {
    let agency = state.agency.as_ref()?;
    let active = agency.status == i32::from(PbStatus::Active);
    Some(Agency {
        id: AgencyId::from(id_of("agencies", &agency.name)?),
        status: if active { AgencyStatus::Active } else { AgencyStatus::Suspended },
        sector: from_wire::<Sector>(agency.sector)?,
        covered_entity: agency.covered_entity,
        part2_program: agency.part2_program,
        victim_service_provider: agency.victim_service_provider,
    })
}

/// The care teams of an agency that are at work.
fn care_teams_of(state: &AgencyState) -> Vec<CareTeam> {
    let agency = state.agency.as_ref().and_then(|agency| id_of("agencies", &agency.name));
    let Some(agency) = agency.map(AgencyId::from) else { return Vec::new() };
    let one = |team: &CareTeamMembers| {
        Some(CareTeam {
            id: id_of("careTeams", &team.name)?.into(),
            agency: agency.clone(),
            members: team.members.iter().map(PractitionerId::new).collect(),
        })
    };
    state.care_teams.iter().filter_map(one).collect()
}

type States = HashMap<AgencyId, AgencyState>;

/// The agencies after a step, and what decisions need of them.
fn agencies_after(old: &States, step: &WatchAgenciesResponse) -> (Arc<States>, Arc<Agencies>) {
    let mut states = if step.snapshot { HashMap::new() } else { old.clone() };
    for state in &step.agencies {
        let id = state.agency.as_ref().and_then(|a| id_of("agencies", &a.name));
        if let Some(id) = id {
            states.insert(AgencyId::from(id), state.clone());
        }
    }
    let agencies: Agencies = states.values().filter_map(agency_of).collect();
    let teams = states.values().flat_map(care_teams_of).collect();
    (Arc::new(states), Arc::new(agencies.with_care_teams(teams)))
}

/// A suspension as it is told; none: it makes no sense.
fn suspension_of(state: &PrincipalState) -> Option<Suspension> {
    let principal = Principal::from_bytes(state.principal.as_slice().try_into().ok()?);
    if state.agency.is_empty() {
        return Some((principal, None));
    }
    Some((principal, Some(AgencyId::from(id_of("agencies", &state.agency)?))))
}

/// Those that are in force after a step.
fn suspensions_after(
    old: &HashMap<String, Suspension>,
    step: &WatchAgenciesResponse,
) -> HashMap<String, Suspension> {
    let mut now = if step.snapshot { HashMap::new() } else { old.clone() };
    for state in &step.principals {
        match suspension_of(state) {
            Some(suspension) if state.suspended => {
                now.insert(state.name.clone(), suspension);
            }
            Some(_) => {
                now.remove(&state.name);
            }
            None => tracing::error!(alarm = "directory", "a suspension that names nobody"),
        }
    }
    now
}

impl AgencyBindings for Directory {
    fn standing(&self, principals: &[Principal], agency: Option<&AgencyId>) -> PrincipalStanding {
        let view = self.view.load();
        let named = |principal: &Principal| {
            view.suspended.contains(&(*principal, None))
                || agency.is_some_and(|of| view.suspended.contains(&(*principal, Some(of.clone()))))
        };
        match !view.suspended.is_empty() && principals.iter().any(named) {
            true => PrincipalStanding::Suspended,
            false if self.stale() => PrincipalStanding::Stale,
            false => PrincipalStanding::Good,
        }
    }

    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        if self.stale() {
            return Binding::Stale;
        }
        let view = self.view.load();
        let Some(state) = view.states.get(agency) else { return Binding::NotBound };
        let bound = state
            .bindings
            .iter()
            .any(|b| b.issuer == issuer && b.client_ids.iter().any(|c| c == client_id));
        match state.agency.as_ref().map(|a| a.status == i32::from(PbStatus::Active)) {
            Some(true) if bound => Binding::Bound,
            Some(false) if bound => Binding::Suspended,
            _ => Binding::NotBound,
        }
    }
}

/// A step of which all parts are there; none: more of it follows. By a part nobody goes: of what is in the others
/// it would know nothing.
fn whole(
    begun: &mut Option<WatchAgenciesResponse>,
    part: WatchAgenciesResponse,
) -> Option<WatchAgenciesResponse> {
    let step = match begun.take() {
        None => part,
        Some(mut step) => {
            step.agencies.extend(part.agencies);
            step.principals.extend(part.principals);
            WatchAgenciesResponse { revision: part.revision, more: part.more, ..step }
        }
    };
    if step.more {
        *begun = Some(step);
        return None;
    }
    Some(step)
}

/// Follows until cancelled; connects again whenever the stream ends. After each step the directory is asked
/// whether this process may go by what it knows, and the seconds in which it may are counted from before the
/// question: whoever takes something away waits for the answer or for those seconds, so that a step that is
/// late on its way, or a process that stood still, opens nothing.
pub async fn follow_directory(peer: Peer, directory: Arc<Directory>, stop: CancellationToken) {
    let follower = Uuid::new_v4().to_string();
    let following = async {
        loop {
            let mut client = DirectoryServiceClient::new(peer.followed())
                .max_decoding_message_size(64 * 1024 * 1024);
            let mut asking = DirectoryServiceClient::new(peer.service());
            match client.watch_agencies(WatchAgenciesRequest {}).await {
                Ok(stream) => {
                    let mut stream = stream.into_inner();
                    let mut begun = None;
                    // A checkpoint comes every 2 seconds: silence for STALE is a dead stream.
                    while let Ok(Ok(Some(step))) =
                        tokio::time::timeout(STALE, stream.message()).await
                    {
                        let Some(step) = whole(&mut begun, step) else { continue };
                        directory.take(&step);
                        let (follower, revision) = (follower.clone(), step.revision);
                        let question = AcknowledgeAgenciesRequest { follower, revision };
                        let asked = Instant::now();
                        let answer = asking.acknowledge_agencies(question);
                        match tokio::time::timeout(DEADLINE, answer).await {
                            Ok(Ok(answer)) if answer.get_ref().current => directory.heard(asked),
                            // What it is behind is on its way.
                            Ok(Ok(_)) => {}
                            Ok(Err(status)) => {
                                tracing::debug!(code = ?status.code(), "the directory is away");
                            }
                            Err(_) => tracing::debug!("the directory does not answer"),
                        }
                    }
                }
                Err(status) => tracing::debug!(code = ?status.code(), "the directory is away"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    stop.run_until_cancelled(following).await;
}

#[cfg(test)]
mod tests {
    use wire::directory::v1::AgencyBinding;

    use super::*;

    #[test]
    fn a_step_is_taken_once_all_its_parts_are_there() {
        let part = |revision, agency: &str, snapshot, more| {
            let agency_name = agency.to_owned();
            let agency =
                wire::directory::v1::Agency { name: agency.to_owned(), ..Default::default() };
            let state = AgencyState { agency: Some(agency), ..AgencyState::default() };
            let principals = vec![PrincipalState { name: agency_name, ..Default::default() }];
            WatchAgenciesResponse { revision, agencies: vec![state], snapshot, more, principals }
        };
        let mut begun = None;
        assert_eq!(whole(&mut begun, part(3, "a", true, true)), None);
        assert_eq!(whole(&mut begun, part(5, "b", false, true)), None);
        let all = whole(&mut begun, part(9, "c", false, false)).unwrap_or_default();
        assert_eq!((all.revision, all.snapshot, all.agencies.len()), (9, true, 3));
        assert_eq!(all.principals.len(), 3);
        let alone = part(10, "d", false, false);
        assert_eq!(whole(&mut begun, alone.clone()), Some(alone));
    }

    #[test]
    fn a_principal_is_suspended_from_its_step_on_until_its_end_or_a_snapshot_without_it() {
        let (clinic, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let who = |n: u8| Principal::from_bytes([n; 32]);
        let state = |n: u8, agency: Option<Uuid>, suspended| PrincipalState {
            name: format!("suspendedPrincipals/{}", Uuid::from_u128(n.into())),
            principal: vec![n; 32],
            agency: agency.map(wire::convert::agency_name).unwrap_or_default(),
            suspended,
        };
        let step = |revision, snapshot, principals| WatchAgenciesResponse {
            revision,
            snapshot,
            principals,
            ..Default::default()
        };
        let directory = Directory::local();
        let standing = |n, agency: Option<Uuid>| {
            let agency = agency.map(AgencyId::from);
            directory.standing(&[who(9), who(n)], agency.as_ref())
        };
        assert_eq!(standing(1, None), PrincipalStanding::Stale);
        let begun = vec![state(1, None, true), state(2, Some(clinic), true)];
        directory.apply(&step(1, true, begun));
        for (n, agency, expected) in [
            (1, None, PrincipalStanding::Suspended),
            (1, Some(other), PrincipalStanding::Suspended),
            (2, Some(clinic), PrincipalStanding::Suspended),
            (2, Some(other), PrincipalStanding::Good),
            (2, None, PrincipalStanding::Good),
            (3, Some(clinic), PrincipalStanding::Good),
        ] {
            assert_eq!(standing(n, agency), expected, "{n} {agency:?}");
        }
        assert_eq!(directory.agencies().map(|(revision, _)| revision), Some(1));
        let ended = PrincipalState { principal: vec![2; 32], ..state(2, Some(clinic), false) };
        directory.apply(&step(2, false, vec![ended]));
        assert_eq!(standing(2, Some(clinic)), PrincipalStanding::Good);
        assert_eq!(standing(1, None), PrincipalStanding::Suspended);
        directory.apply(&step(3, true, Vec::new()));
        assert_eq!(standing(1, None), PrincipalStanding::Good);
    }

    #[test]
    fn of_silence_whoever_was_suspended_is_so_still_and_nobody_else_is_good() {
        let directory = Directory::new();
        let one = PrincipalState {
            name: "one".to_owned(),
            principal: vec![1; 32],
            suspended: true,
            ..Default::default()
        };
        directory.take(&WatchAgenciesResponse { principals: vec![one], ..Default::default() });
        let standing = |n| directory.standing(&[Principal::from_bytes([n; 32])], None);
        assert_eq!(standing(1), PrincipalStanding::Suspended);
        assert_eq!(standing(2), PrincipalStanding::Stale);
    }

    #[test]
    fn an_agency_is_bound_to_each_issuers_own_clients_letter_by_letter() {
        let (clinic, other) = (Uuid::from_u128(0xa1), Uuid::from_u128(0xa2));
        let binding = |issuer: &str, client: &str| AgencyBinding {
            issuer: issuer.to_owned(),
            client_ids: vec![client.to_owned(), "both".to_owned()],
        };
        let state = |status: PbStatus| AgencyState {
            agency: Some(wire::directory::v1::Agency {
                name: wire::convert::agency_name(clinic),
                sector: 1,
                status: status.into(),
                ..Default::default()
            }),
            bindings: vec![
                binding("https://a.example", "app"),
                binding("https://b.example", "ehr"),
            ],
            ..AgencyState::default()
        };
        let directory = Directory::local();
        let check = |agency: Uuid, issuer, client| directory.check(&agency.into(), issuer, client);
        for (status, bound) in
            [(PbStatus::Active, Binding::Bound), (PbStatus::Suspended, Binding::Suspended)]
        {
            let agencies = vec![state(status)];
            let step = WatchAgenciesResponse {
                agencies,
                snapshot: true,
                ..WatchAgenciesResponse::default()
            };
            directory.apply(&step);
            for (issuer, client) in [
                ("https://a.example", "app"),
                ("https://b.example", "ehr"),
                ("https://a.example", "both"),
                ("https://b.example", "both"),
            ] {
                assert_eq!(check(clinic, issuer, client), bound, "{issuer} {client}");
                assert_eq!(check(other, issuer, client), Binding::NotBound);
            }
            for (issuer, client) in [
                // One issuer's client at the other.
                ("https://a.example", "ehr"),
                ("https://b.example", "app"),
                ("https://c.example", "app"),
                ("https://A.example", "app"),
                ("HTTPS://a.example", "app"),
                ("https://a.example/", "app"),
                ("https://a.exampl", "app"),
                ("", "app"),
                ("https://a.example", "App"),
                ("https://a.example", "APP"),
                ("https://a.example", "ap"),
                ("https://a.example", "app "),
                ("https://a.example", "apps"),
                ("https://a.example", ""),
            ] {
                assert_eq!(check(clinic, issuer, client), Binding::NotBound, "{issuer} {client}");
            }
        }
    }
}
