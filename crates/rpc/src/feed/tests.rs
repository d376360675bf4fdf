use super::*;

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);
const C: Uuid = Uuid::from_u128(0xc);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number(i64);

impl Numbered for Number {
    fn seq(&self) -> i64 {
        self.0
    }
}

/// What there is in the database: to be counted.
#[derive(Default)]
struct Kept(Vec<Heard<Number>>);

impl Kept {
    fn within(&self, (after, upto): (i64, i64), most: i32) -> Vec<Heard<Number>> {
        let within = self.0.iter().filter(|h| h.event.0 > after && h.event.0 <= upto);
        within.take(usize::try_from(most).unwrap()).cloned().collect()
    }
}

impl Log for Kept {
    type Event = Number;

    async fn head(&self) -> Result<i64, StoreError> {
        Ok(self.0.last().map_or(0, |last| last.event.0))
    }

    async fn all(&self, span: (i64, i64), most: i32) -> Result<Vec<Heard<Number>>, StoreError> {
        Ok(self.within(span, most))
    }

    async fn of(
        &self,
        keys: &[Uuid],
        span: (i64, i64),
        most: i32,
    ) -> Result<Vec<Number>, StoreError> {
        let all = self.within(span, i32::MAX).into_iter();
        let own = all.filter(|heard| keys.iter().any(|key| heard.concerns.contains(key)));
        Ok(own.take(usize::try_from(most).unwrap()).map(|heard| heard.event).collect())
    }
}

fn heard(seq: i64, concerns: &[Uuid]) -> Heard<Number> {
    Heard { event: Number(seq), concerns: concerns.to_vec() }
}

fn feed(after: i64, all: Vec<Heard<Number>>) -> Feed<Kept> {
    let feed = Feed::new(Kept::default());
    let upto = all.last().map_or(after, |last| last.event.0);
    let mut lately = feed.lately();
    lately.span = Some((after, upto));
    all.into_iter().for_each(|heard| lately.add(heard));
    drop(lately);
    feed
}

fn seqs(
    feed: &Feed<Kept>,
    keys: &[Uuid],
    after: i64,
    most: usize,
) -> Option<(Vec<i64>, Option<i64>)> {
    let (events, whole) = feed.since(keys, (after, 0), most)?;
    Some((events.into_iter().map(|event| event.0).collect(), whole))
}

#[test]
fn each_key_gets_what_concerns_it_in_order_and_hears_how_far_that_is_all() {
    let all = vec![heard(5, &[A, B]), heard(6, &[A, C]), heard(7, &[A]), heard(9, &[C, B])];
    let feed = feed(4, all);
    assert_eq!(seqs(&feed, &[A], 4, 9), Some((vec![5, 6, 7], Some(9))));
    assert_eq!(seqs(&feed, &[B], 4, 9), Some((vec![5, 9], Some(9))));
    assert_eq!(seqs(&feed, &[C], 6, 9), Some((vec![9], Some(9))));
    assert_eq!(seqs(&feed, &[A], 4, 2), Some((vec![5, 6], None)), "there may be more");
    assert_eq!(seqs(&feed, &[A], 6, 1), Some((vec![7], None)));
    assert_eq!(seqs(&feed, &[Uuid::nil()], 4, 9), Some((vec![], Some(9))));
    assert_eq!(seqs(&feed, &[A], 20, 9), Some((vec![], Some(9))), "further than is known");
    assert_eq!(seqs(&feed, &[A], 3, 9), None, "before what is here");
    assert_eq!(seqs(&Feed::new(Kept::default()), &[A], 0, 9), None, "nothing is here yet");
    assert!(feed.since(&[A], (4, 9), 9).is_some() && feed.since(&[A], (4, 10), 9).is_none());
}

#[test]
fn of_several_keys_each_event_comes_once_and_none_before_an_earlier_one() {
    let all =
        vec![heard(1, &[B]), heard(2, &[A]), heard(3, &[A, B]), heard(4, &[C]), heard(5, &[B])];
    let feed = feed(0, all);
    assert_eq!(seqs(&feed, &[A, B], 0, 9), Some((vec![1, 2, 3, 5], Some(5))));
    assert_eq!(seqs(&feed, &[B, A, B], 1, 2), Some((vec![2, 3], None)));
    assert_eq!(seqs(&feed, &[], 0, 9), Some((vec![], Some(5))));
}

#[test]
fn what_is_let_go_is_known_to_be_gone() {
    let all = (1..=6).map(|n| heard(n, &[A, if n % 2 == 0 { B } else { C }])).collect();
    let feed = feed(0, all);
    feed.lately().trim(4);
    assert_eq!(seqs(&feed, &[A], 1, 9), None);
    assert_eq!(seqs(&feed, &[A], 2, 9), Some((vec![3, 4, 5, 6], Some(6))));
    assert_eq!(seqs(&feed, &[B], 2, 9), Some((vec![4, 6], Some(6))));
    feed.lately().trim(0);
    assert_eq!(seqs(&feed, &[C], 5, 9), None);
    assert_eq!(seqs(&feed, &[C], 6, 9), Some((vec![], Some(6))));
    assert!(feed.lately().of.is_empty());
}

#[tokio::test]
async fn only_those_whom_it_concerns_wake() {
    let feed = feed(0, Vec::new());
    let mut watching = [&[A][..], &[B, C], &[C]].map(|keys| feed.subscribe(keys));
    feed.lately().add(heard(1, &[B]));
    let mut woke = Vec::new();
    for wakes in &mut watching {
        let soon = Duration::from_millis(5);
        woke.push(tokio::time::timeout(soon, wakes.changed()).await.is_ok());
    }
    assert_eq!(woke, [false, true, false]);
    feed.lately().add(heard(2, &[C]));
    watching.iter_mut().for_each(Wakes::mark_seen);
    let seen = tokio::time::timeout(Duration::from_millis(5), watching[1].changed()).await;
    assert!(seen.is_err(), "it was seen");
    drop(watching);
    feed.lately().trim(9);
    assert!(feed.lately().wakes.is_empty(), "nobody watches any more");
}

#[tokio::test]
async fn what_is_history_comes_from_the_log_and_what_follows_from_memory() {
    let mut feed = Feed::new(Kept(vec![heard(1, &[A]), heard(2, &[B])]));
    feed.head().await.unwrap();
    feed.read_on().await.unwrap();
    assert_eq!(feed.lately().span, Some((2, 2)));
    assert_eq!(feed.events_of(&[A], 0, 2).await.unwrap(), (vec![Number(1)], Some(2)));
    feed.log.0.push(heard(3, &[A]));
    feed.reached(3);
    feed.read_on().await.unwrap();
    feed.log.0.clear();
    assert_eq!(feed.events_of(&[A], 2, 3).await.unwrap(), (vec![Number(3)], Some(3)));
    feed.reached(2);
    assert_eq!(*feed.heads().borrow(), 3, "it goes back nowhere");
}
