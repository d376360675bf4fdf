use std::{collections::BTreeMap, sync::Arc};

use permit::Call;
use pg::Scope;
use rpc::{Error, InTx};

use crate::{
    App,
    domain::imported::Organization,
    hsds::{Given, Import, OrganizationTree},
    store,
};

/// Of what is nobody's, so many rows a transaction: they need not be whole, and a transaction must end
/// in time.
const PART: usize = 20_000;

/// What is nobody's, then each organization, parents first.
pub(super) async fn all(app: &App, call: &Call, import: &Import) -> Result<(), Error> {
    // What the organizations name comes before them.
    for rows in import.nobodys.chunks(PART) {
        app.signed_in(call)?;
        nobodys(app, call, rows).await?;
    }
    for tree in parents_first(&import.organizations) {
        app.signed_in(call)?;
        organization(app, call, tree).await?;
    }
    Ok(())
}

/// Shared lists and what is unattached: with an audit record if anything is other than it was.
async fn nobodys(app: &App, call: &Call, rows: &[Arc<Given>]) -> Result<(), Error> {
    let kept = Arc::new((rows.to_vec(), call.clone()));
    let clock = Arc::clone(app.deps.guard.clock());
    let done = app.deps.while_vouched("directory.import", Scope::nobody(), call, move |tx| {
        let (kept, clock) = (Arc::clone(&kept), Arc::clone(&clock));
        Box::pin(async move {
            let (rows, call) = &*kept;
            if store::import::given::nobodys(tx, rows).await? {
                let event = permit::network_event(call, Vec::new(), &clock);
                ledger::write_in(tx, &[event]).await?;
            }
            Ok::<_, InTx>(())
        })
    });
    Ok(done.await?)
}

/// Whole, in a transaction of its own, with its audit record if anything is other than it was.
async fn organization(app: &App, call: &Call, tree: &OrganizationTree) -> Result<(), Error> {
    let now = app.deps.clock.now();
    let new_id = || ledger::new_id(&app.deps.clock);
    let kept = Arc::new((Organization::of(tree, now, new_id), call.clone()));
    let clock = Arc::clone(app.deps.guard.clock());
    let done = app.deps.while_vouched("directory.import", Scope::nobody(), call, move |tx| {
        let (kept, clock) = (Arc::clone(&kept), Arc::clone(&clock));
        Box::pin(async move {
            let (organization, call) = &*kept;
            let done = store::import::organization(tx, organization).await?;
            if done.changed {
                let event = permit::network_event(call, vec![done.agency], &clock);
                ledger::write_in(tx, &[event]).await?;
            }
            Ok::<_, InTx>(())
        })
    });
    Ok(done.await?)
}

/// The parser refuses circles; what could not be placed would stand at the end.
fn parents_first(trees: &[OrganizationTree]) -> Vec<&OrganizationTree> {
    let parents: BTreeMap<&str, Option<&str>> =
        trees.iter().map(|t| (t.id.as_str(), t.parent_id.as_deref())).collect();
    let depth = |tree: &OrganizationTree| {
        let mut at = tree.parent_id.as_deref();
        let mut depth = 0;
        while let Some(parent) = at.filter(|_| depth <= trees.len()) {
            at = parents.get(parent).copied().flatten();
            depth += 1;
        }
        depth
    };
    let mut ordered: Vec<_> = trees.iter().collect();
    ordered.sort_by_cached_key(|tree| depth(tree));
    ordered
}
