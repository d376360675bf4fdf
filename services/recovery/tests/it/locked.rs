//! What waits for whom while people act at once.

use pg::hold::{Hold, Mode};
use time::Duration;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    recovery::v1::{self as pb, CrisisState as State},
};

use crate::{
    supported::{by_one, calling, ending, looking, stopping},
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
async fn supported(world: &World) -> (Uuid, Client, pb::Supporter, Client) {
    let (person, jane) = world.somebody();
    jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    jane.set_crisis_rules(by_one(person, &kim)).await.unwrap();
    (person, jane, kim, kims)
}

#[tokio::test]
async fn nobody_waits_for_the_number_of_an_event_while_somebody_elses_act_is_decided_on() {
    let world = World::new().await;
    let (person, _, _, kims) = supported(&world).await;
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

/// Runs it while somebody holds the plan's lock, and the clock goes on by a minute before that is let go.
async fn after_a_wait<T>(world: &World, person: Uuid, act: impl Future<Output = T>) -> T {
    let mut held = world.admin().await;
    sqlx::raw_sql("BEGIN").execute(&mut held).await.unwrap();
    let sql = "SELECT FROM plan WHERE person_id = $1 FOR UPDATE";
    sqlx::query(sql).bind(person).execute(&mut held).await.unwrap();
    let waits = async || -> bool {
        let sql = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                   WHERE NOT l.granted AND a.usename = $1)";
        let role = &world.stage.service.role;
        let mut admin = world.admin().await;
        sqlx::query_scalar(sql).bind(role).fetch_one(&mut admin).await.unwrap()
    };
    let meanwhile = async {
        until("it waits for the plan", waits).await;
        world.clock.advance(Duration::MINUTE);
        sqlx::raw_sql("ROLLBACK").execute(&mut held).await.unwrap();
    };
    tokio::join!(act, meanwhile).0
}

#[tokio::test]
async fn what_waited_for_the_plan_happened_after_what_it_waited_for() {
    let world = World::new().await;
    let (person, jane, kim, kims) = supported(&world).await;
    let now = || Some(timestamp(kernel::Clock::now(&world.clock)));
    let last = async || jane.get_crisis(looking(person)).await.unwrap().steps.swap_remove(0).time;
    after_a_wait(&world, person, kims.activate_crisis_plan(calling(person))).await.unwrap();
    assert_eq!(last().await, now());
    after_a_wait(&world, person, kims.deactivate_crisis_plan(stopping(person))).await.unwrap();
    assert_eq!(last().await, now());
    kims.activate_crisis_plan(calling(person)).await.unwrap();
    after_a_wait(&world, person, jane.deactivate_crisis_plan(stopping(person))).await.unwrap();
    assert_eq!(last().await, now());
    let set = after_a_wait(&world, person, jane.set_crisis_rules(by_one(person, &kim))).await;
    assert_eq!(set.unwrap().rules.unwrap().create_time, now());
    let ended = after_a_wait(&world, person, jane.end_supporter(ending(&kim))).await.unwrap();
    assert_eq!(ended.supporter.unwrap().end_time, now());
}
