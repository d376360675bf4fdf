//! Lists what a section has said, newest first.

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{ListSectionVersionsRequest, ListSectionVersionsResponse};

use super::{own::of_part, reply};
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListSectionVersions";

pub(super) async fn list_section_versions(
    app: &App,
    request: Request<ListSectionVersionsRequest>,
) -> Result<Response<ListSectionVersionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("section", &request.section)]).done()?;
    let section = rpc::id("section", "planSections", &request.section)?;
    let (pages, filter) = (&app.deps.pages, request.section.as_bytes());
    let before = match pages.begin_bytes(&call, filter, &request.page_token)? {
        None => i32::MAX,
        Some(last) => {
            let last = last.try_into().map_err(|_| Error::Conflict(Conflict::PageToken))?;
            i32::from_be_bytes(last)
        }
    };
    let permit = of_part(app, &call, section).await?;
    let size = rpc::page_size(request.page_size);
    let mut versions = app.store.versions(&permit, section, before, size + 1).await?;
    let more = i64::try_from(versions.len()).is_ok_and(|read| read > size);
    versions.truncate(usize::try_from(size).unwrap_or_default());
    let next_page_token = match versions.last().filter(|_| more) {
        Some(last) => pages.next_bytes(&call, filter, &last.number.to_be_bytes())?,
        None => String::new(),
    };
    let records = versions.iter().map(|version| version.id).collect();
    let versions = app.deps.guard.release_standing(&permit, records, versions).await?;
    let versions = versions.iter().map(reply::version).collect::<Result<_, _>>()?;
    Ok(Response::new(ListSectionVersionsResponse { versions, next_page_token }))
}
