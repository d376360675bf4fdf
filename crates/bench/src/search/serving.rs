//! The directory as the binary would start it.

use std::sync::Arc;

use facts::Directory;
use futures::future::BoxFuture;
use identity::{AuthLayer, DEV_ISSUER};
use ledger::Ledger;
use permit::{Answer, ConsentSource, Guard, Question, SourceError};
use serve::{Running, ServeConfig, Server};
use tokio_util::sync::CancellationToken;

use crate::world::{Everybody, Keys, clock};

/// The directory asks nothing of consents.
struct Nobody;

impl ConsentSource for Nobody {
    fn facts(&self, _: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        Box::pin(async { Err(SourceError::Unavailable) })
    }
}

pub async fn start(keys: &Keys, url: &str) -> anyhow::Result<Running> {
    let db = pg::connect(&pg::Config::new(url, "directory")).await?;
    pg::check_server(&db, pg::Allow { unsafe_durability: false }).await?;
    let ledger = Ledger::start(db.clone(), ledger::Config::default());
    let known = Directory::local();
    let pages = rpc::Pages::new(&[7; 32], clock()).map_err(|_| anyhow::anyhow!("page key"))?;
    let deps = rpc::Deps {
        db,
        guard: Guard::new(Arc::new(Nobody), Arc::new(Everybody), ledger, clock()),
        clock: clock(),
        pages,
        directory: Arc::clone(&known),
        stop: CancellationToken::new(),
    };
    let issuers = directory::Issuers::of_staff([DEV_ISSUER.to_owned()]);
    let app = directory::start(deps, issuers, directory::Settings::default())
        .await
        .map_err(|error| anyhow::anyhow!("the directory: {error}"))?;
    let authenticator = keys.authenticator("directory", known).await?;
    let listen = ServeConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        plaintext: true,
        ..ServeConfig::default()
    };
    Ok(Server::builder(listen)
        .descriptors(wire::DESCRIPTORS)
        .add_service(directory::server(app))
        .auth(AuthLayer::new(authenticator))
        .start()
        .await?)
}
