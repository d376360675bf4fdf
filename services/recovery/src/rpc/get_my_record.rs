//! Reads all that there is of the person, part by part.

use std::sync::Arc;

use rpc::{Error, Steps};
use tonic::{Request, Response};
use wire::recovery::v1::{GetMyRecordRequest, GetMyRecordResponse};

use super::record::{Asked, Reading};
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetMyRecord";

pub(super) async fn get_my_record(
    app: &Arc<App>,
    request: Request<GetMyRecordRequest>,
) -> Result<Response<Steps<GetMyRecordResponse>>, Error> {
    let asked = Asked::of(app, &request, RPC, &request.get_ref().person)?;
    rpc::check(request.get_ref()).ids(&[("person", &asked.person)]).done()?;
    let reading = Reading::begin(asked).await?;
    // Read as fast as it is taken, and no faster; whoever goes away or takes nothing ends it.
    Ok(Response::new(rpc::pumped(reading, app.deps.stop.clone())))
}
