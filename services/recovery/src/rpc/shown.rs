//! Records beside the plan, as whoever asks may see them: the person all, others what is shared with them.

use kernel::{PersonId, Role};
use permit::{Call, ReadPlans, Sight};
use rpc::{Error, Page};
use uuid::Uuid;
use wire::common::v1::Disclosure;

use super::own::themself;
use crate::{
    App,
    domain::{Grantee, Head, OwnKind, OwnRecord},
    store::Plans,
};

/// A page of one kind of records.
pub(super) struct Shown {
    pub(super) records: Vec<OwnRecord>,
    /// To the person themself.
    pub(super) own: bool,
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
        return Ok(Shown { records, own: true, next_page_token, disclosure: None });
    }
    let deferred = guard.defer::<ReadPlans>(call).await?;
    let with = named(app, call, person).await?;
    let most = page.most();
    let mut heads = app.store.shared_records(person, which, with, page.after, most).await?;
    let next_page_token = page.cut(&mut heads, |head| (head.created_at, head.id))?;
    let sealed = Plans::sealed(&deferred, person, heads);
    let (heads, sights, disclosure) = guard.release_parts(sealed).await?;
    let open = heads.into_iter().zip(sights).filter(|(_, sight)| *sight == Sight::Open);
    let open: Vec<Head> = open.map(|(head, _)| head).collect();
    let records = app.store.say(person, open).await?;
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Shown { records, own: false, next_page_token, disclosure })
}

/// As shares of this person's name the caller; none: nobody shares with them.
async fn named(app: &App, call: &Call, person: Uuid) -> Result<Vec<String>, Error> {
    let caller = call.caller();
    if caller.roles().contains(Role::Supporter) {
        let mut supports = app.deps.guard.supported(call).await?;
        supports.retain(|one| one.person == PersonId::from(person));
        return Ok(supports.iter().map(|one| Grantee::Supporter(one.id).text()).collect());
    }
    let whole = caller.agency().map(|agency| format!("{agency}/{}", caller.subject().as_str()));
    Ok(whole.into_iter().collect())
}
