//! What waits for whom while people act at once.

use pg::hold::{Hold, Mode};
use uuid::Uuid;
use wire::recovery::v1::CrisisState as State;

use crate::{
    supported::{by_one, calling, stopping},
    world::{Client, World, toolbox, writing},
};

/// Looks until it is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let since = tokio::time::Instant::now();
    while !so().await {
        assert!(since.elapsed().as_secs() < 20, "{what}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Somebody, and a supporter who alone activates their crisis plan.
async fn supported(world: &World) -> (Uuid, Client, Client) {
    let (person, jane) = world.somebody();
    jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    jane.set_crisis_rules(by_one(person, &kim)).await.unwrap();
    (person, jane, kims)
}

#[tokio::test]
async fn nobody_waits_for_the_number_of_an_event_while_somebody_elses_act_is_decided_on() {
    let world = World::new().await;
    let (person, _, kims) = supported(&world).await;
    for act in ["call", "stop"] {
        // The last question has been answered where the act comes to be put on record.
        let (url, schema) = (world.stage.admin_url(), &world.stage.service.schema);
        let hold = Hold::table(&url, schema, "ledger_head", Mode::Everything).await.unwrap();
        let hold = tokio::sync::Mutex::new(hold);
        let acting = async {
            match act {
                "call" => kims.activate_crisis_plan(calling(person)).await.unwrap().state(),
                _ => kims.deactivate_crisis_plan(stopping(person)).await.unwrap().state(),
            }
        };
        let looking = async {
            let waits = async || hold.lock().await.waiting().await.unwrap() > 0;
            until("on record last", waits).await;
            // As anybody else's transaction takes one.
            let sql =
                "SET lock_timeout = '1s'; BEGIN; SELECT next_values('circle_event', 1); ROLLBACK";
            sqlx::raw_sql(sql).execute(&mut world.admin().await).await.unwrap();
            hold.into_inner().let_go().await.unwrap();
        };
        let (state, ()) = tokio::join!(acting, looking);
        assert_eq!(state, if act == "call" { State::Active } else { State::Inactive });
    }
    let sql = "SELECT seq, kind FROM circle_event WHERE person_id = $1 ORDER BY seq";
    let events: Vec<(i64, String)> =
        sqlx::query_as(sql).bind(person).fetch_all(&mut world.admin().await).await.unwrap();
    assert_eq!(events, [(1, "CRISIS_ACTIVATED".to_owned()), (2, "CRISIS_ENDED".to_owned())]);
}
