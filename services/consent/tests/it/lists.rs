//! What is kept beside consents, as if by chance: a list holds what the RPC that acts on it finds, and nothing else.

use tonic::{Code, Status};
use wire::{
    consent::v1::{
        self as pb, EmergencyOutcome as Outcome, RestrictionDecision as Decision,
        RestrictionReason as Reason,
    },
    convert::{agency_name, name_of},
};

use crate::{
    call,
    court_order::{accept, recording},
    emergency::{declaring, medic, review},
    read::{COUNTY, Dice},
    restriction::{asking, decide},
    world::{ANA, BEN, World},
};

/// Names of what there is, of each sort.
#[derive(Default)]
struct OnFile {
    restrictions: Vec<String>,
    emergencies: Vec<String>,
    court_orders: Vec<String>,
}

/// Something of each sort. Whatever of it is refused does not come about.
async fn more(world: &World, dice: &mut Dice, on_file: &mut OnFile) {
    let (person, own) = [(ANA, "ana"), (BEN, "ben")][dice.of(2)];
    let mut request = asking(person, Reason::Preference);
    request.terms.as_mut().unwrap().custodian = agency_name(dice.agency());
    let asked = call!(world, request_restriction, world.person(own), request);
    on_file.restrictions.extend(asked.ok().and_then(|reply| reply.restriction).map(|one| one.name));
    let token = medic(world, dice.agency());
    let declared = call!(world, declare_emergency, token, declaring(person));
    let declared = declared.ok().and_then(|reply| reply.emergency);
    on_file.emergencies.extend(declared.map(|one| one.name));
    let token = world.officer(dice.agency());
    let recorded = call!(world, record_court_order, token, recording(person));
    let recorded = recorded.ok().and_then(|reply| reply.court_order);
    on_file.court_orders.extend(recorded.map(|one| one.name));
}

/// Whether an RPC found what it was asked about, whatever it said to it.
fn found<T>(answer: Result<T, Status>) -> bool {
    answer.map_or_else(|refused| refused.code() != Code::NotFound, |_| true)
}

/// What is listed of both people, in the order of names.
macro_rules! listed {
    ($world:expr, $token:expr, $rpc:ident($request:ident).$field:ident) => {{
        let mut names = Vec::new();
        for person in [ANA, BEN] {
            let person = name_of("people", person);
            let request = pb::$request { person, ..pb::$request::default() };
            let reply = call!($world, $rpc, $token, request).unwrap();
            assert_eq!(reply.next_page_token, "");
            names.extend(reply.$field.into_iter().map(|one| one.name));
        }
        names.sort();
        names
    }};
}

/// Of these names those that it finds, in their order.
macro_rules! acted {
    ($names:expr, $act:expr) => {{
        let mut names = Vec::new();
        for name in $names {
            if found($act(name).await) {
                names.push(name.clone());
            }
        }
        names.sort();
        names
    }};
}

#[tokio::test]
async fn whatever_is_beside_consents_a_list_is_what_its_rpc_finds() {
    let world = World::new().await;
    let (mut dice, mut on_file) = (Dice(0x5eed), OnFile::default());
    for person in [ANA, BEN] {
        for agency in COUNTY.into_iter().skip(1) {
            if dice.of(2) == 0 {
                world.people.register(person, agency);
            }
        }
    }
    for _ in 0..16 {
        more(&world, &mut dice, &mut on_file).await;
        world.clock.advance(time::Duration::SECOND);
    }
    let mut shown = [0; 3];
    for agency in COUNTY {
        let token = || world.officer(agency);
        let agree = async |name: &String| decide(&world, token(), name, Decision::Agree).await;
        let all = acted!(&on_file.restrictions, agree);
        let list = listed!(world, token(), list_restrictions(ListRestrictionsRequest).restrictions);
        assert_eq!(list, all, "{agency}");
        shown[0] += all.len();
        let judge = async |name: &String| review(&world, token(), name, Outcome::Justified).await;
        let all = acted!(&on_file.emergencies, judge);
        let list = listed!(world, token(), list_emergencies(ListEmergenciesRequest).emergencies);
        assert_eq!(list, all, "{agency}");
        shown[1] += all.len();
        let take = async |name: &String| accept(&world, token(), name).await;
        let all = acted!(&on_file.court_orders, take);
        let list = listed!(world, token(), list_court_orders(ListCourtOrdersRequest).court_orders);
        assert_eq!(list, all, "{agency}");
        shown[2] += all.len();
    }
    // Chance makes some of each that somebody finds and somebody does not.
    let OnFile { restrictions, emergencies, court_orders } = &on_file;
    for (shown, kept) in shown.into_iter().zip([restrictions, emergencies, court_orders]) {
        assert!(shown > 0 && shown < kept.len() * COUNTY.len(), "{shown} of {}", kept.len());
    }
}
