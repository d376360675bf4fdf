//! Agencies that a consent does not name, and that were served under it.

use futures::stream::BoxStream;
use testkit::fakes::Script;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;
use wire::{
    audit::v1::{WatchServedRequest, WatchServedResponse, served_service_server::ServedService},
    consent::v1::{self as pb, ConsentEventKind as Kind},
    convert::{agency_name, timestamp},
};

use crate::{
    entered_in_error::mark,
    superseded::replacing,
    watch::next,
    watch_consents::watch,
    world::{
        ANA, BEN, CLINIC, HOUSING, NOW, OTHER, PROBATION, World, acknowledge, assert_same,
        sql_value, terms, unknown, until,
    },
};

/// The audit service, as a test scripts it.
#[derive(Debug, Clone, Default)]
pub struct Audit(pub Script<WatchServedResponse>);

impl Audit {
    pub fn served(&self, sequence: i64, consent: &str, agency: Uuid) {
        let message = WatchServedResponse {
            sequence,
            consent: consent.to_owned(),
            agency: agency_name(agency),
            time: Some(timestamp(NOW)),
        };
        self.0.push(sequence, message);
    }
}

#[async_trait]
impl ServedService for Audit {
    type WatchServedStream = BoxStream<'static, Result<WatchServedResponse, Status>>;

    async fn watch_served(
        &self,
        request: Request<WatchServedRequest>,
    ) -> Result<Response<Self::WatchServedStream>, Status> {
        Ok(Response::new(self.0.after(request.into_inner().after)))
    }
}

async fn followed(world: &World, sequence: i64) {
    until("audit is followed", || async {
        let admin = world.stage.admin();
        let reached = sql_value(&admin, "SELECT sequence FROM consent.served_cursor").await;
        (reached == sequence).then_some(())
    })
    .await;
}

/// One stream an event: after the last of them a stream begins with a checkpoint.
async fn heard(world: &World, agency: Uuid) -> Vec<(Kind, String, Option<prost_types::Timestamp>)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let event = next(&mut watch(world, agency, &cursor).await.unwrap()).await;
        if event.kind() == Kind::Unspecified {
            return all;
        }
        cursor = event.cursor.clone();
        all.push((event.kind(), event.consent, event.time));
    }
}

#[tokio::test]
async fn an_agency_that_was_served_hears_of_the_revocation_and_acknowledges_it() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let of_ben = world.signed("ben", terms()).await;
    world.audit.served(1, &signed.name, OTHER);
    world.audit.served(3, &of_ben.name, PROBATION);
    followed(&world, 3).await;
    assert_eq!(heard(&world, OTHER).await, [], "it is not told that it was signed");
    let early = acknowledge(&world, OTHER, &signed.name, Kind::Revoked).await.unwrap_err();
    assert_same(&early, &acknowledge(&world, OTHER, &unknown(), Kind::Revoked).await.unwrap_err());

    world.clock.advance(time::Duration::MINUTE);
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let at = Some(timestamp(NOW + time::Duration::MINUTE));
    let end = (Kind::Revoked, signed.name.clone(), at);
    assert_eq!(heard(&world, OTHER).await, std::slice::from_ref(&end));
    assert_eq!(heard(&world, PROBATION).await, [], "it was served under somebody else's");
    let stranger = acknowledge(&world, PROBATION, &signed.name, Kind::Revoked).await.unwrap_err();
    assert_same(
        &stranger,
        &acknowledge(&world, PROBATION, &unknown(), Kind::Revoked).await.unwrap_err(),
    );
    let said = acknowledge(&world, OTHER, &signed.name, Kind::Revoked).await.unwrap();
    let kind = Kind::Revoked.into();
    assert_eq!(
        said,
        pb::Acknowledgement { agency: agency_name(OTHER), acknowledge_time: at, kind }
    );
    // It sees no more of the consent than before.
    let hidden = world.get(&world.staff(OTHER), &signed.name).await.unwrap_err();
    assert_same(&hidden, &world.get(&world.staff(OTHER), &unknown()).await.unwrap_err());
    assert_eq!(world.list(&world.staff(OTHER), ANA).await, [""; 0]);
    // The person sees who was told.
    let seen = world.get(&world.person("ana"), &signed.name).await.unwrap().acknowledgements;
    let one = |agency| pb::Acknowledgement {
        agency: agency_name(agency),
        acknowledge_time: None,
        kind: Kind::Revoked.into(),
    };
    assert_eq!(seen, [one(CLINIC), one(HOUSING), said]);
}

#[tokio::test]
async fn who_was_served_hears_of_a_mistake_and_of_a_replacing_each_by_itself() {
    let world = World::new().await;
    let (ana, signed) = (world.person("ana"), world.signed("ana", terms()).await);
    let old = world.signed("ana", terms()).await;
    world.audit.served(1, &signed.name, OTHER);
    world.audit.served(2, &old.name, OTHER);
    followed(&world, 2).await;
    mark(&world, &ana, &signed.name).await.unwrap();
    world.signed("ana", replacing(&old, terms())).await;
    let ends = [(Kind::EnteredInError, &signed.name), (Kind::Superseded, &old.name)];
    let heard: Vec<_> = heard(&world, OTHER).await.into_iter().map(|e| (e.0, e.1)).collect();
    assert_eq!(heard, ends.map(|(kind, name)| (kind, name.clone())));
    for (kind, name) in ends {
        // It was told of no revocation, and it is not named there.
        let wrong = acknowledge(&world, OTHER, name, Kind::Revoked).await.unwrap_err();
        let never = acknowledge(&world, OTHER, &unknown(), Kind::Revoked).await.unwrap_err();
        assert_same(&wrong, &never);
        let said = acknowledge(&world, OTHER, name, kind).await.unwrap();
        let seen = world.get(&ana, name).await.unwrap().acknowledgements;
        assert!(seen.contains(&said), "{seen:?}");
    }
}

#[tokio::test]
async fn one_that_is_known_only_later_to_have_been_served_is_told_then_and_once() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    // Nothing of this kind is a consent here: it is passed over.
    world.audit.served(1, &unknown(), OTHER);
    world.audit.served(2, "emergencies/x", OTHER);
    world.audit.served(3, &signed.name, OTHER);
    world.audit.served(4, &signed.name, OTHER);
    // Named there, and told when it was revoked.
    world.audit.served(5, &signed.name, HOUSING);
    world.audit.served(6, &signed.name, PROBATION);
    followed(&world, 6).await;
    let end = (Kind::Revoked, signed.name.clone(), Some(timestamp(NOW)));
    assert_eq!(heard(&world, OTHER).await, std::slice::from_ref(&end));
    assert_eq!(heard(&world, PROBATION).await, [end]);
    let housing: Vec<Kind> = heard(&world, HOUSING).await.into_iter().map(|e| e.0).collect();
    assert_eq!(housing, [Kind::Signed, Kind::Revoked]);
    acknowledge(&world, OTHER, &signed.name, Kind::Revoked).await.unwrap();
}

#[tokio::test]
async fn who_was_served_is_a_persons_own_row_and_is_there_once() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let of_ben = world.signed("ben", terms()).await;
    // Two instances follow the same stream.
    world.follow_audit_again();
    for (sequence, consent) in [(1, &signed), (2, &of_ben), (3, &signed)] {
        world.audit.served(sequence, &consent.name, OTHER);
    }
    followed(&world, 3).await;
    let all = "SELECT count(*) FROM consent.served_agency";
    assert_eq!(sql_value(&world.stage.admin(), all).await, 2);
    for (people, rows) in [(vec![], 0), (vec![ANA], 1), (vec![BEN], 1)] {
        let scope = pg::Scope::people(people).reading();
        let count = world.db.run_tx("test.count", scope, |tx| {
            Box::pin(async move {
                let text = "SELECT count(*) FROM served_agency";
                Ok(sqlx::query_scalar::<_, i64>(text).fetch_one(tx).await?)
            })
        });
        assert_eq!(count.await.unwrap(), rows);
    }
}
