//! SetNoticeDelivery.

use permit::Call;
use rpc::{Conflict, Error, InTx, Violation};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{self as pb, SetNoticeDeliveryRequest, SetNoticeDeliveryResponse};

use super::{notice_deliveries, preferences};
use crate::{
    App,
    deliver::{self, Outbound},
    domain::{MOST_CODES, Place, ShortCode, Way, is_zone},
    store::delivery::{self, New, Set},
};

const RPC: &str = "trellis.people.v1.PeopleService/SetNoticeDelivery";

/// Sets where the caller is told that something waits. Of the answer nothing but ids is kept: a repeat is shown what
/// stands.
pub async fn handle(
    app: &App,
    request: Request<SetNoticeDeliveryRequest>,
) -> Result<Response<SetNoticeDeliveryResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let out = app.out.get();
    let given = req.delivery.clone().unwrap_or_default();
    let ids = [("request_id", &*req.request_id), ("person", &req.person)];
    rpc::check(&req).ids(&ids).and(wrong(&given, out.map(|out| &**out))).done()?;
    let out = out.ok_or(Error::Internal("a way that is not offered"))?;
    let person = rpc::id("person", "people", &req.person)?;
    let expected = preferences::expected(&req.etag)?;
    let way = notice_deliveries::way(given.way())?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let new = Setting { person, way, given, expected };
    let again = |replay: rpc::Replay| {
        let call = &call;
        async move {
            notice_deliveries::standing(app, call, person).await?;
            Ok((replay.record_id, None))
        }
    };
    let written = once.written(&app.deps.db, set(app, &call, &new, &once), again).await?;
    let (SetNoticeDeliveryResponse { .. }, (id, code)) = written;
    if let Some(code) = code {
        deliver::send_code(app, out, (id, person), &code).await?;
    }
    let held = notice_deliveries::set_for(app, &call, person, way).await?;
    let secret = match way {
        // Of what it has set, and of nothing that took its place since.
        Way::Webhook if held.id == id => out.webhooks.secrets.shown(held.id, 1),
        Way::Webhook | Way::Email => String::new(),
    };
    let delivery = Some(notice_deliveries::told(&held));
    Ok(Response::new(SetNoticeDeliveryResponse { delivery, secret }))
}

struct Setting {
    person: Uuid,
    way: Way,
    given: pb::NoticeDelivery,
    expected: Option<Uuid>,
}

/// What the annotations can't say.
pub fn wrong(given: &pb::NoticeDelivery, out: Option<&Outbound>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut odd = |field: &str, why: &str| {
        found.push(Violation::new(format!("delivery.{field}"), why));
    };
    match (given.way(), out) {
        (pb::DeliveryWay::Email, Some(out)) if out.has_mail() => {
            // The mail library has the last word of what can be sent to.
            if given.email.parse::<lettre::Address>().is_err() {
                odd("email", "must be an e-mail address of 3 to 254 characters");
            }
            if !given.url.is_empty() {
                odd("url", "must be empty with DELIVERY_WAY_EMAIL");
            }
            if given.safe_way {
                odd("safe_way", "must be false with DELIVERY_WAY_EMAIL");
            }
        }
        (pb::DeliveryWay::Webhook, Some(out)) => {
            match given.url.chars().count() {
                1..=500 => {
                    if let Err(why) = out.webhooks.parse(&given.url) {
                        odd("url", why);
                    }
                }
                0 => odd("url", "must be 1 to 500 characters"),
                _ => {} // The annotations have said so.
            }
            if !given.email.is_empty() {
                odd("email", "must be empty with DELIVERY_WAY_WEBHOOK");
            }
        }
        (pb::DeliveryWay::Email, _) => {
            odd("way", "is not offered: the network has no mail server configured");
        }
        _ => odd("way", "is not offered by this network"),
    }
    if !given.time_zone.is_empty() && !is_zone(&given.time_zone) {
        odd("time_zone", "must be a zone of the IANA time zone database, or empty");
    }
    found
}

async fn set(
    app: &App,
    call: &Call,
    setting: &Setting,
    once: &rpc::Request,
) -> Result<(SetNoticeDeliveryResponse, (Uuid, Option<ShortCode>)), InTx> {
    let (permit, own) = notice_deliveries::standing(app, call, setting.person).await?;
    let code = ShortCode::fresh().ok_or(Error::Internal("no randomness"))?;
    let id = ledger::new_id(&app.deps.clock);
    let given = &setting.given;
    let to = if setting.way == Way::Email { &given.email } else { &given.url };
    let new = New {
        id,
        way: setting.way,
        place: Place { to: to.clone(), zone: given.time_zone.clone() },
        safe_way: given.safe_way,
        at: app.deps.clock.now(),
        code: app.matching.of_delivery(id, &code),
    };
    let (expected, key) = (setting.expected, once.key.clone());
    let (guard, db) = (&app.deps.guard, &app.deps.db);
    let done = guard.commit_standing(db, "delivery.set", permit, vec![id], move |tx, permit| {
        let (new, key) = (new.clone(), key.clone());
        Box::pin(async move {
            let coded = match delivery::set(&mut *tx, &own, &new, expected).await? {
                Set::Done(coded) => coded,
                Set::Stale => return Err(Error::Conflict(Conflict::Stale).into()),
                Set::Ended => return Err(Error::NotFound.into()),
                Set::TooManyCodes => {
                    let limit = usize::try_from(MOST_CODES).unwrap_or(usize::MAX);
                    let what = "codes in 24 hours";
                    return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
                }
            };
            pg::requests::keep_answer(tx, &key, permit.person_id(), new.id, &[], new.at).await?;
            Ok::<_, InTx>(coded)
        })
    });
    let coded = done.await?;
    Ok((SetNoticeDeliveryResponse::default(), (id, coded.then_some(code))))
}
