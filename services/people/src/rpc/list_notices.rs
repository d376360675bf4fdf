//! ListNotices.

use kernel::Instant;
use permit::{Call, Others, StandingPermit};
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    people::v1::{self as pb, ListNoticesRequest, ListNoticesResponse},
};

use super::{appoint, renew_confirmation_code};
use crate::{
    App,
    store::notice::{self, Inbox, Notice},
};

const RPC: &str = "trellis.people.v1.PeopleService/ListNotices";

/// To the person, and to who acts for them. An empty list is an ordinary answer, for an unknown person
/// too.
pub async fn handle(
    app: &App,
    request: Request<ListNoticesRequest>,
) -> Result<Response<ListNoticesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("person", &req.person)]).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let filter = req.person.as_bytes();
    let begin = app.deps.pages.begin_bytes(&call, filter, &req.page_token)?;
    let after = begin.as_deref().and_then(place);
    let size = rpc::page_size(req.page_size);
    let mut page = match page(app, &call, person, after, size.saturating_add(1)).await {
        Err(Error::NotFound) => Vec::new(),
        found => found?,
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = page.len() > size;
    page.truncate(size);
    let next_page_token = match page.last().filter(|_| more) {
        Some(last) => {
            let place = [last.at.unix_timestamp_nanos().to_be_bytes(), last.id.into_bytes()];
            app.deps.pages.next_bytes(&call, filter, &place.concat())?
        }
        None => String::new(),
    };
    let notices = page.iter().map(told).collect();
    Ok(Response::new(ListNoticesResponse { notices, next_page_token }))
}

/// Where the last page ended: its instant and its id.
fn place(bytes: &[u8]) -> Option<(Instant, Uuid)> {
    let (at, id) = bytes.split_first_chunk()?;
    let at = Instant::from_unix_timestamp_nanos(i128::from_be_bytes(*at)).ok()?;
    Some((at, Uuid::from_slice(id).ok()?))
}

async fn page(
    app: &App,
    call: &Call,
    person: Uuid,
    after: Option<(Instant, Uuid)>,
    most: i64,
) -> Result<Vec<Notice>, Error> {
    let (permit, inbox) = standing(app, call, person).await?;
    let found = notice::list(&app.deps.db, &permit, inbox, after, most).await?;
    let ids = found.iter().map(|one| one.id).collect();
    Ok(app.deps.guard.release_standing(&permit, ids, found).await?)
}

/// Who asks now, and which notices are theirs to see.
pub async fn standing(
    app: &App,
    call: &Call,
    person: Uuid,
) -> Result<(StandingPermit, Inbox), Error> {
    let others = Others { representatives: true, ..Others::default() };
    let permit = appoint::standing_beside(app, call, person, Uuid::nil(), others).await?;
    let own = renew_confirmation_code::own(app, call, person, None).await?;
    let inbox = Inbox::of(&permit, own);
    Ok((permit, inbox))
}

pub fn kind(notice: &Notice) -> pb::NoticeKind {
    let kind = pb::NoticeKind::from_str_name(&format!("NOTICE_KIND_{}", notice.what));
    kind.unwrap_or_default()
}

/// What has happened, and when: no content.
pub fn told(notice: &Notice) -> pb::Notice {
    pb::Notice {
        name: name_of("notices", notice.id),
        person: name_of("people", notice.person),
        kind: kind(notice).into(),
        create_time: Some(timestamp(notice.at)),
        acknowledge_time: notice.acknowledged_at.map(timestamp),
    }
}
