//! Reads all that there is of the person, part by part.

use std::sync::Arc;

use futures::stream;
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
    // Read as fast as it is taken, and no faster; whoever goes away ends it.
    let replies = stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|reply| (reply, reading)))
    });
    Ok(Response::new(Box::pin(replies)))
}
