use prost::Message as _;
use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{ListSuspendedPrincipalsRequest, ListSuspendedPrincipalsResponse};

use super::principals::{self, named, office};
use crate::{
    App,
    domain::Office,
    store::{self, principal::Listed},
};

pub(super) async fn handle(
    app: &App,
    request: Request<ListSuspendedPrincipalsRequest>,
) -> Result<Response<ListSuspendedPrincipalsResponse>, Error> {
    let call =
        rpc::call(&request, "trellis.directory.v1.DirectoryService/ListSuspendedPrincipals")?;
    let office = office(&call)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let principal = req.principal.as_ref().map(named).transpose().map_err(Error::Invalid)?;
    let listed = Listed {
        agency: match office {
            Office::Network => None,
            Office::Agency(own) => Some(own),
        },
        principal: principal.map(|(principal, _)| principal),
    };
    let filter =
        ListSuspendedPrincipalsRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let filter = filter.encode_to_vec();
    let after = app.begin(&call, &filter, &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let rows = store::principal::list(&app.deps.db, listed, after.id, size + 1).await?;
    let (suspensions, next) = store::page(rows, size);
    Ok(Response::new(ListSuspendedPrincipalsResponse {
        suspensions: suspensions.iter().map(principals::suspension).collect(),
        next_page_token: app.next(&call, &filter, next)?,
    }))
}
