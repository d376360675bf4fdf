//! Records beside the plan, as whoever asks may see them: the person all, others what is shared with them.

use kernel::{PersonId, Role};
use permit::{Call, ReadPlans, Sight};
use rpc::{Error, Page};
use uuid::Uuid;
use wire::common::v1::Disclosure;

use super::{
    list_crises::whole_name,
    own::{refused, themself},
};
use crate::{
    App,
    domain::{Grantee, Head, OwnKind, OwnRecord},
    store::Plans,
};

/// A page of one kind of records.
pub(super) struct Shown {
    pub(super) records: Vec<OwnRecord>,
    /// To whom, as shares name them; none: to the person themself.
    pub(super) with: Option<Vec<Grantee>>,
    pub(super) next_page_token: String,
    /// Why somebody else may see them.
    pub(super) disclosure: Option<Disclosure>,
}

pub(super) async fn shown(
    app: &App,
    call: &Call,
    person: Uuid,
    which: (OwnKind, Option<String>),
    page: &Page<'_>,
) -> Result<Shown, Error> {
    let guard = &app.deps.guard;
    if guard.person_of(call).await? == Some(PersonId::from(person)) {
        let permit = themself(app, call, person).await?;
        let mut records = app.store.own_records(&permit, which, page.after, page.most()).await?;
        let next_page_token = page.cut(&mut records, |record| (record.created_at, record.id))?;
        let ids = records.iter().map(|record| record.id).collect();
        let records = guard.release_standing(&permit, ids, records).await?;
        return Ok(Shown { records, with: None, next_page_token, disclosure: None });
    }
    let deferred = guard.defer::<ReadPlans>(call).await?;
    let with = named(app, call, person).await?;
    let texts = with.iter().map(Grantee::text).collect();
    let (now, most) = (app.deps.clock.now(), page.most());
    let which = (which, texts, now);
    let mut heads = app.store.shared_records(person, which, page.after, most).await?;
    if heads.is_empty() {
        // About the person, whoever asked: they see in their accounting that somebody did.
        return Err(refused(app, call, Some(&PersonId::from(person)), Vec::new()).await);
    }
    let next_page_token = page.cut(&mut heads, |head| (head.created_at, head.id))?;
    let sealed = Plans::sealed(&deferred, person, heads);
    let (heads, sights, disclosure) = guard.release_parts(sealed).await?;
    let open = heads.into_iter().zip(sights).filter(|(_, sight)| *sight == Sight::Open);
    let open: Vec<Head> = open.map(|(head, _)| head).collect();
    let records = app.store.say(person, open).await?;
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Shown { records, with: Some(with), next_page_token, disclosure })
}

/// As shares of this person's name the caller; none: nobody shares with them.
async fn named(app: &App, call: &Call, person: Uuid) -> Result<Vec<Grantee>, Error> {
    if call.caller().roles().contains(Role::Supporter) {
        let mut supports = app.deps.guard.supported(call).await?;
        supports.retain(|one| one.person == PersonId::from(person));
        return Ok(supports.iter().map(|one| Grantee::Supporter(one.id)).collect());
    }
    Ok(whole_name(call).iter().map(|whole| Grantee::of(whole)).collect())
}
